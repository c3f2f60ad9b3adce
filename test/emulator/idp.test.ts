import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { startIdp } from '../../src/emulator/idp.ts';
import { basic, decoded, form, read } from './hand-made.ts';

const grant = { grant_type: 'client_credentials' };
const app = basic('my-app', 'my-secret');
const vectors = JSON.parse(readFileSync('test/vectors/vectors.json', 'utf8'));

t.test('an access token is an RS256 JWT that node:crypto verifies with the published key (RFC 9068 §2)', async (t) => {
  const idp = await startIdp({ nowMs: () => 1_700_000_000_900 });
  t.teardown(idp.close);
  const response = await fetch(idp.tokenEndpoint, form({ ...grant, scope: 'a b' }, app));
  t.equal(response.status, 200);
  t.equal(response.headers.get('cache-control'), 'no-store');
  const answer = await read(response);
  t.match(answer, { token_type: 'Bearer', expires_in: 300, scope: 'a b' });
  const { header, claims } = decoded(answer.access_token);
  const { keys } = await read(await fetch(idp.jwksUrl));
  t.match(header, { alg: 'RS256', typ: 'at+jwt', kid: keys[0]['kid'] });
  const expected = { iss: idp.url, aud: 'collibra', sub: 'my-app', azp: 'my-app', client_id: 'my-app', scope: 'a b' };
  t.match(claims, { ...expected, iat: 1_700_000_000, exp: 1_700_000_300 });
  const [head, body, signature = ''] = answer.access_token.split('.');
  const key = createPublicKey({ key: keys[0], format: 'jwk' });
  t.ok(verify('RSA-SHA256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url')));
  t.notHas(keys[0], { d: String }, 'no private member is published');
});

t.test('no two tokens are equal', async (t) => {
  const idp = await startIdp();
  t.teardown(idp.close);
  const ask = async (): Promise<string> => (await read(await fetch(idp.tokenEndpoint, form(grant, app)))).access_token;
  t.equal(new Set(await Promise.all(Array.from({ length: 10 }, ask))).size, 10);
  t.equal(idp.stats().tokenRequests, 10);
});

for (const id of ['R01', 'R02', 'R04', 'R05']) {
  t.test(`${id}: Basic with form-encoded halves is decoded, the unencoded form is refused`, async (t) => {
    const { given, expect } = vectors.token_requests.find((one: { id: string }) => one.id === id);
    const idp = await startIdp({ clients: [{ id: given.client_id, secret: given.client_secret }] });
    t.teardown(idp.close);
    for (const authorization of expect.acceptable_header_values) {
      t.equal((await fetch(idp.tokenEndpoint, form(grant, { authorization }))).status, 200);
    }
    if (expect.must_not_equal === null) return;
    const refused = await fetch(idp.tokenEndpoint, form(grant, { authorization: expect.must_not_equal }));
    t.equal(refused.status, 401);
    t.match(await read(refused), { error: 'invalid_client' });
  });
}

t.test('R08: client_secret_post with reserved characters', async (t) => {
  const { given, expect } = vectors.token_requests.find((one: { id: string }) => one.id === 'R08');
  const idp = await startIdp({ clients: [{ id: given.client_id, secret: given.client_secret }] });
  t.teardown(idp.close);
  t.equal((await fetch(idp.tokenEndpoint, form(expect.example_body))).status, 200);
});

t.test('a bad token request gets the error of RFC 6749 §5.2', async (t) => {
  const idp = await startIdp({
    clients: [{ id: 'my-app', secret: 'my-secret', scopes: ['read'] }, { id: 'public' }],
  });
  t.teardown(idp.close);
  const json = { method: 'POST', headers: { 'content-type': 'application/json', ...app }, body: '{}' };
  const table: [string, RequestInit, number, string | undefined, string?][] = [
    ['right', form({ ...grant, scope: 'read' }, app), 200, undefined],
    ['a public client', form({ ...grant, client_id: 'public' }), 200, undefined],
    ['an empty scope counts as none', form({ ...grant, scope: '' }, app), 200, undefined],
    ['GET', { headers: app }, 405, 'invalid_request'],
    ['JSON', json, 400, 'invalid_request'],
    ['no client', form(grant), 401, 'invalid_client'],
    ['unknown client', form(grant, basic('other', 'my-secret')), 401, 'invalid_client'],
    ['wrong secret', form(grant, basic('my-app', 'wrong')), 401, 'invalid_client'],
    ['a secret for a public client', form(grant, basic('public', 'x')), 401, 'invalid_client'],
    ['no secret', form({ ...grant, client_id: 'my-app' }), 401, 'invalid_client'],
    ['broken Basic', form(grant, { authorization: 'Basic %%%' }), 401, 'invalid_client'],
    [
      'two ways at once',
      form({ ...grant, client_id: 'my-app', client_secret: 'my-secret' }, app),
      400,
      'invalid_request',
    ],
    ['in the URI', form(grant, app), 400, 'invalid_request', '?client_id=my-app'],
    ['no grant type', form({}, app), 400, 'invalid_request'],
    ['another grant type', form({ grant_type: 'password' }, app), 400, 'unsupported_grant_type'],
    [
      'a repeated parameter',
      form('grant_type=client_credentials&grant_type=client_credentials', app),
      400,
      'invalid_request',
    ],
    ['a foreign scope', form({ ...grant, scope: 'read write' }, app), 400, 'invalid_scope'],
    ['a foreign audience', form({ ...grant, audience: 'x' }, app), 400, 'invalid_target'],
  ];
  for (const [name, init, status, error, query] of table) {
    const response = await fetch(idp.tokenEndpoint + (query ?? ''), init);
    t.equal(response.status, status, name);
    t.equal((await read(response)).error, error, name);
  }
  const challenged = await fetch(idp.tokenEndpoint, form(grant, basic('my-app', 'wrong')));
  t.match(challenged.headers.get('www-authenticate'), /^Basic /);
});

t.test('both well-known documents name the endpoints (RFC 8414 §3)', async (t) => {
  const idp = await startIdp({ issuer: 'https://idp.example' });
  t.teardown(idp.close);
  for (const name of ['openid-configuration', 'oauth-authorization-server']) {
    const metadata = await read(await fetch(`${idp.url}/.well-known/${name}`));
    t.match(metadata, { issuer: 'https://idp.example', token_endpoint: idp.tokenEndpoint, jwks_uri: idp.jwksUrl });
  }
  t.equal((await fetch(`${idp.url}/other`)).status, 404);
});

t.test('rotating the keys withdraws the old one, unless it is kept', async (t) => {
  const idp = await startIdp();
  t.teardown(idp.close);
  const kids = async (): Promise<string[]> =>
    (await read(await fetch(idp.jwksUrl))).keys.map((key) => String(key['kid']));
  const [first] = await kids();
  await idp.faults.apply({ rotateKeys: 'keep' });
  const kept = await kids();
  t.equal(kept.length, 2);
  t.equal(kept[1], first);
  await idp.faults.apply({ rotateKeys: true });
  const [last, ...none] = await kids();
  t.same(none, []);
  t.notOk(kept.includes(String(last)));
  const { access_token } = await read(await fetch(idp.tokenEndpoint, form(grant, app)));
  t.equal(decoded(access_token).header['kid'], last);
});

t.test('faults change the tokens that are issued', async (t) => {
  const idp = await startIdp();
  t.teardown(idp.close);
  await idp.faults.apply({
    typ: 'wrong',
    issuer: 'https://other',
    audience: 'other',
    subject: 'nobody',
    lifetimeSeconds: 2,
  });
  const answer = await read(await fetch(idp.tokenEndpoint, form(grant, app)));
  t.equal(answer.expires_in, 2);
  const { header, claims } = decoded(answer.access_token);
  t.equal(header['typ'], 'wrong');
  t.match(claims, { iss: 'https://other', aud: 'other', sub: 'nobody' });
  t.equal(Number(claims['exp']) - Number(claims['iat']), 2);
  await idp.faults.apply({ typ: '' });
  t.notHas(decoded((await read(await fetch(idp.tokenEndpoint, form(grant, app)))).access_token).header, {
    typ: String,
  });
  await idp.faults.apply({ reset: true, opaque: true });
  const opaque = (await read(await fetch(idp.tokenEndpoint, form(grant, app)))).access_token;
  t.notMatch(opaque, /\./);
});

t.test('a client can be set up with other tokens; a fault wins over that', async (t) => {
  const idp = await startIdp({
    clients: [{ id: 'my-app', secret: 'my-secret', token: { typ: 'x', lifetimeSeconds: 2 } }],
  });
  t.teardown(idp.close);
  const ask = async () => read(await fetch(idp.tokenEndpoint, form(grant, app)));
  const own = await ask();
  t.equal(own.expires_in, 2);
  t.equal(decoded(own.access_token).header['typ'], 'x');
  await idp.faults.apply({ typ: 'y' });
  const faulty = await ask();
  t.equal(faulty.expires_in, 2);
  t.equal(decoded(faulty.access_token).header['typ'], 'y');
});
