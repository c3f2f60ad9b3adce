import t from 'tap';
import { startCollibra } from '../../src/emulator/collibra.ts';
import { documentServer, read, rsaKey, section, token } from './hand-made.ts';

const key = rsaKey('k1');
const other = rsaKey('k1');
const nowMs = 1_700_000_000_000;
const header = { alg: 'RS256', kid: 'k1', typ: 'at+jwt' };
const claims = { iss: 'https://idp', aud: 'collibra', sub: 'my-app', iat: 1_699_999_990, exp: 1_700_000_300 };
const settings = { issuer: 'https://idp', audience: 'collibra', nowMs: () => nowMs };
const good = token(header, claims, key.privateKey);
const [goodHeader, goodClaims, goodSignature] = good.split('.');

const { jwk } = key;
const without = (name: string): object =>
  Object.fromEntries(Object.entries(claims).filter(([member]) => member !== name));

const table: [string, string, string | undefined][] = [
  ['a good token', good, undefined],
  ['typ JWT in capitals', token({ ...header, typ: 'JWT' }, claims, key.privateKey), undefined],
  ['typ with application/', token({ ...header, typ: 'application/at+jwt' }, claims, key.privateKey), undefined],
  ['several audiences', token(header, { ...claims, aud: ['x', 'collibra'] }, key.privateKey), undefined],
  ['an opaque token', 'c2VjcmV0', 'malformedToken'],
  ['two sections', `${goodHeader}.${goodClaims}`, 'malformedToken'],
  ['five sections', `${good}.x.y`, 'malformedToken'],
  ['a section that is no base64url', `${goodHeader}.${goodClaims}.a+b/`, 'malformedToken'],
  ['claims that are no JSON', `${goodHeader}.${section('{oops')}.${goodSignature}`, 'malformedToken'],
  ['a header that is a JSON array', `${section([])}.${goodClaims}.${goodSignature}`, 'malformedToken'],
  ['a token past its exp', token(header, { ...claims, exp: 1_700_000_000 }, key.privateKey), 'expiredToken'],
  ['a signature of another key', token(header, claims, other.privateKey), 'invalidToken'],
  ['changed claims', `${goodHeader}.${section({ ...claims, sub: 'admin' })}.${goodSignature}`, 'invalidToken'],
  ['another issuer', token(header, { ...claims, iss: 'https://else' }, key.privateKey), 'invalidToken'],
  ['another audience', token(header, { ...claims, aud: 'else' }, key.privateKey), 'invalidToken'],
  ['no audience', token(header, without('aud'), key.privateKey), 'invalidToken'],
  ['no exp', token(header, without('exp'), key.privateKey), 'invalidToken'],
  ['no iat', token(header, without('iat'), key.privateKey), 'invalidToken'],
  ['exp as a string', token(header, { ...claims, exp: '1700000300' }, key.privateKey), 'invalidToken'],
  ['another typ', token({ ...header, typ: 'id+jwt' }, claims, key.privateKey), 'invalidToken'],
  ['no typ', token({ alg: 'RS256', kid: 'k1' }, claims, key.privateKey), 'invalidToken'],
  ['no kid', token({ alg: 'RS256', typ: 'jwt' }, claims, key.privateKey), 'invalidToken'],
  ['an unknown kid', token({ ...header, kid: 'k2' }, claims, key.privateKey), 'invalidToken'],
  ['alg none', `${section({ ...header, alg: 'none' })}.${goodClaims}.`, 'invalidToken'],
  ['HS256 with the public key', token({ ...header, alg: 'HS256' }, claims, JSON.stringify(jwk)), 'invalidToken'],
  ['an unknown principal', token(header, { ...claims, sub: 'nobody' }, key.privateKey), 'unableToProcessToken'],
  ['no principal', token(header, without('sub'), key.privateKey), 'unableToProcessToken'],
];

t.test('a token is refused with the code of wire facts 2.3', async (t) => {
  const keys = await documentServer(t, () => ({ keys: [jwk] }));
  const collibra = await startCollibra({ ...settings, jwksUrl: keys.url });
  t.teardown(collibra.close);
  for (const [name, bearer, code] of table) {
    const url = `${collibra.url}/rest/2.0/communities`;
    const response = await fetch(url, { headers: { authorization: `Bearer ${bearer}` } });
    const body = await read(response);
    t.equal(response.status, code === undefined ? 200 : 401, name);
    t.equal(body.errorCode, code, name);
    if (code === undefined) continue;
    t.match(body, { statusCode: 401, titleMessage: String, userMessage: String, helpMessage: String }, name);
    t.notMatch(JSON.stringify(body), bearer, 'the token is not repeated');
  }
  t.equal(collibra.stats().expiredTokenRequests, 1);
  t.equal(collibra.stats().errorCodes['expiredToken'], 1);
});

t.test('the console settings decide (wire facts 2.4)', async (t) => {
  const keys = await documentServer(t, () => ({ keys: [jwk] }));
  const expired = token(header, { ...claims, exp: 1_699_999_990 }, key.privateKey);
  const noType = token({ alg: 'RS256', kid: 'k1' }, claims, key.privateKey);
  const cases: [string, object, string, string | undefined][] = [
    ['a blank type list takes a token without typ', { tokenTypes: '' }, noType, undefined],
    ['a blank type list refuses one with typ', { tokenTypes: '' }, good, 'invalidToken'],
    ['an algorithm that is not listed', { algorithms: ['RS512'] }, good, 'invalidToken'],
    [
      'another principal claim',
      { principalClaim: 'azp' },
      token(header, { ...claims, azp: 'my-app', sub: 'x' }, key.privateKey),
      undefined,
    ],
    ['a principal claim that is missing', { principalClaim: 'azp' }, good, 'unableToProcessToken'],
    ['other users', { users: ['else'] }, good, 'unableToProcessToken'],
    ['an expiry within the clock skew', { clockSkewSeconds: 30 }, expired, undefined],
    ['an expiry beyond the clock skew', { clockSkewSeconds: 5 }, expired, 'expiredToken'],
  ];
  for (const [name, more, bearer, code] of cases) {
    const collibra = await startCollibra({ ...settings, jwksUrl: keys.url, ...more });
    const response = await fetch(`${collibra.url}/rest/2.0/communities`, {
      headers: { authorization: `Bearer ${bearer}` },
    });
    t.equal((await read(response)).errorCode, code, name);
    await collibra.close();
  }
});

t.test('a key set that cannot be had is unableToProcessToken', async (t) => {
  const keys = await documentServer(t, () => ({ keys: [jwk] }));
  const nonsense = await documentServer(t, () => ({ no: 'keys' }));
  const code = async (url: string | undefined): Promise<unknown> => {
    const collibra = await startCollibra({ ...settings, ...(url === undefined ? {} : { jwksUrl: url }) });
    const response = await fetch(`${collibra.url}/rest/2.0/communities`, {
      headers: { authorization: `Bearer ${good}` },
    });
    await collibra.close();
    return (await read(response)).errorCode;
  };
  t.equal(await code(keys.url), undefined);
  t.equal(await code(nonsense.url), 'unableToProcessToken');
  t.equal(await code(undefined), 'unableToProcessToken', 'no key set URL is configured');
  await keys.stop();
  t.equal(await code(keys.url), 'unableToProcessToken');
});

t.test('a cached key set hides a rotation only as long as a key is found in it', async (t) => {
  let published = [jwk];
  const keys = await documentServer(t, () => ({ keys: published }));
  const collibra = await startCollibra({ ...settings, jwksUrl: keys.url, jwksCacheMs: 60_000 });
  t.teardown(collibra.close);
  const status = async (bearer: string): Promise<number> =>
    (await fetch(`${collibra.url}/rest/2.0/communities`, { headers: { authorization: `Bearer ${bearer}` } })).status;
  t.equal(await status(good), 200);
  const next = rsaKey('k2');
  published = [next.jwk];
  t.equal(await status(good), 200, 'the old key is still cached');
  t.equal(await status(token({ ...header, kid: 'k2' }, claims, next.privateKey)), 200, 'the new key is looked up');
  t.equal(await status(good), 401, 'the cache holds the new set now');
});
