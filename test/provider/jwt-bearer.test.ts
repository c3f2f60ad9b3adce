import { createVerify, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { jwtBearer } from '../../src/provider/jwt-bearer.ts';
import { decodeUnverifiedJwt } from '../../src/token/unverified-jwt.ts';
import { FakeClock } from '../token/support.ts';
import { configure, make, obtain, refused, startEndpoint, testContext } from './support.ts';
import { byId, vectors } from './vectors.ts';

const rsa = vectors.keys.rsa2048;
const now = 1_700_000_000;
const grant = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

interface Golden {
  readonly title: string;
  readonly options: (folder: string) => Readonly<Record<string, unknown>>;
  readonly header: object;
  readonly claims: object;
  /** The form besides grant_type and assertion. */
  readonly form: readonly (readonly [string, string])[];
}

/** As the vendors' own pages describe the request; the endpoint is on loopback, so the audience is written out. */
const goldens: readonly Golden[] = [
  {
    title: 'Google service account (developers.google.com/identity/protocols/oauth2/service-account)',
    options(folder) {
      const path = join(folder, 'service-account.json');
      const account = { type: 'service_account', private_key_id: 'abc123', private_key: rsa.private_pkcs8_pem };
      writeFileSync(path, JSON.stringify(account));
      return {
        issuer: 'robot@project.iam.gserviceaccount.com',
        subject: 'user@example.com',
        audience: 'https://oauth2.googleapis.com/token',
        scope: 'https://www.googleapis.com/auth/devstorage.read_only https://www.googleapis.com/auth/prediction',
        assertionLifetime: '1h',
        privateKey: { file: path },
      };
    },
    header: { alg: 'RS256', typ: 'JWT', kid: 'abc123' },
    claims: {
      iss: 'robot@project.iam.gserviceaccount.com',
      sub: 'user@example.com',
      aud: 'https://oauth2.googleapis.com/token',
      iat: now,
      exp: now + 3600,
      scope: 'https://www.googleapis.com/auth/devstorage.read_only https://www.googleapis.com/auth/prediction',
    },
    form: [],
  },
  {
    title: 'Salesforce (JWT bearer flow of a connected app)',
    options: () => ({
      issuer: '3MVG9consumerkey',
      subject: 'integration@example.com',
      audience: 'https://login.salesforce.com',
      assertionLifetime: '3m',
      privateKey: rsa.private_pkcs1_pem,
    }),
    header: { alg: 'RS256', typ: 'JWT' },
    claims: {
      iss: '3MVG9consumerkey',
      sub: 'integration@example.com',
      aud: 'https://login.salesforce.com',
      iat: now,
      exp: now + 180,
    },
    form: [],
  },
  {
    title: 'Box (server authentication with JWT)',
    options: () => ({
      issuer: 'box-client',
      subject: '12345',
      audience: 'https://api.box.com/oauth2/token',
      claims: { box_sub_type: 'enterprise' },
      algorithm: 'RS512',
      keyId: 'boxkey',
      assertionLifetime: '45s',
      privateKey: rsa.private_pkcs8_pem,
      clientId: 'box-client',
      clientSecret: 'box secret & more',
    }),
    header: { alg: 'RS512', typ: 'JWT', kid: 'boxkey' },
    claims: {
      iss: 'box-client',
      sub: '12345',
      aud: 'https://api.box.com/oauth2/token',
      iat: now,
      exp: now + 45,
      box_sub_type: 'enterprise',
    },
    form: [
      ['client_id', 'box-client'],
      ['client_secret', 'box secret & more'],
    ],
  },
  {
    title: 'DocuSign (JWT grant)',
    options: () => ({
      issuer: 'integration-key',
      subject: 'user-guid',
      audience: 'account-d.docusign.com',
      scope: 'signature impersonation',
      assertionLifetime: '10m',
      privateKey: rsa.private_pkcs1_pem,
    }),
    header: { alg: 'RS256', typ: 'JWT' },
    claims: {
      iss: 'integration-key',
      sub: 'user-guid',
      aud: 'account-d.docusign.com',
      iat: now,
      exp: now + 600,
      scope: 'signature impersonation',
    },
    form: [],
  },
];

function at(ms: number) {
  const clock = new FakeClock();
  clock.wallMs = ms;
  return testContext({ clock });
}

for (const { title, options, header, claims, form } of goldens) {
  t.test(`golden request: ${title}`, async (t) => {
    const endpoint = await startEndpoint(t);
    const written = { tokenEndpoint: endpoint.url, ...options(t.testdir()) };
    t.same(configure(jwtBearer, written).lints, []);
    await obtain(make(jwtBearer, written, at(now * 1000 + 999)));
    const { headers, body } = endpoint.last();
    t.equal(headers['content-type'], 'application/x-www-form-urlencoded');
    t.notOk('authorization' in headers);
    const pairs = [...new URLSearchParams(body)];
    const assertion = new URLSearchParams(body).get('assertion') ?? '';
    t.same(pairs, [['grant_type', grant], ['assertion', assertion], ...form]);
    const jwt = decodeUnverifiedJwt(assertion);
    t.same(jwt?.header, header);
    const { jti, ...rest } = jwt?.payload ?? {};
    t.same(rest, claims);
    t.match(jti, /^[\da-f-]{36}$/, 'Box wants 16 to 128 characters');
    const [h, p, signature = ''] = assertion.split('.');
    const verify = createVerify(`sha${String(jwt?.header['alg']).slice(2)}`).update(`${h}.${p}`);
    t.ok(verify.verify(rsa.public_spki_pem, signature, 'base64url'), 'verified by node:crypto');
  });
}

const base = { tokenEndpoint: 'https://idp.test/token', issuer: 'me', secret: '0123456789abcdef0123456789abcdef' };

t.test('RFC 7523 §3: by default the audience is the token endpoint, and no assertion is sent twice', async (t) => {
  const endpoint = await startEndpoint(t);
  const provider = make(jwtBearer, { ...base, tokenEndpoint: `${endpoint.url}?tenant=1` }, at(now * 1000));
  await obtain(provider);
  await obtain(provider);
  const [first, second] = endpoint.seen.map(({ body }) => new URLSearchParams(body).get('assertion') ?? '');
  t.not(first, second);
  t.match(decodeUnverifiedJwt(first ?? ''), {
    header: { alg: 'HS256' },
    payload: { iss: 'me', aud: `${endpoint.url}?tenant=1`, exp: now + 60 },
  });
});

t.test(
  'RFC 7521 §4.1: scope as a form parameter; several audiences; further claims, header members and parameters',
  async (t) => {
    const endpoint = await startEndpoint(t);
    const options = {
      ...base,
      tokenEndpoint: endpoint.url,
      audience: ['a', 'b'],
      scope: ['x', 'y'],
      scopeIn: 'form',
      claims: { roles: ['r1', 'r2'], level: 3, nested: { deep: true } },
      header: { typ: 'vnd+jwt', x5t: 'abc' },
      parameters: { tenant: 'acme' },
    };
    await obtain(make(jwtBearer, options));
    const form = new URLSearchParams(endpoint.last().body);
    t.equal(form.get('scope'), 'x y');
    t.equal(form.get('tenant'), 'acme');
    t.match(decodeUnverifiedJwt(form.get('assertion') ?? ''), {
      header: { alg: 'HS256', typ: 'vnd+jwt', x5t: 'abc' },
      payload: { aud: ['a', 'b'], roles: ['r1', 'r2'], level: 3, nested: { deep: true }, scope: undefined },
    });
  },
);

t.test('T51: the token is the member that tokenField names', async (t) => {
  const vector = byId(vectors.token_responses, 'T51');
  const endpoint = await startEndpoint(t, (response) =>
    response.writeHead(200, vector.given.headers).end(vector.given.body),
  );
  const options = { ...base, tokenEndpoint: endpoint.url };
  const token = await obtain(make(jwtBearer, { ...options, tokenField: 'id_token' }, at(vector.given.now * 1000)));
  t.equal(token.lifetimeMs, (vector.expect.lifetimeS ?? 0) * 1000);
  t.equal(token.lifetimeSource, vector.expect.source);
  const error = await refused(make(jwtBearer, options, at(vector.given.now * 1000)));
  t.match(error.message, 'access_token is missing (there is an id_token');
});

const cures: readonly (readonly [string, Readonly<Record<string, unknown>>, RegExp])[] = [
  ['invalid_grant', {}, /clock is right/],
  ['consent_required', {}, /consent to this client once/],
  ['invalid_scope', {}, /scopeIn: form/],
  ['invalid_scope', { scopeIn: 'form' }, /scopeIn: assertion/],
  ['invalid_client', {}, /may want clientId/],
  ['invalid_client', { clientId: 'x', clientSecret: 'some secret' }, /Check clientId/],
];
for (const [code, more, expected] of cures) {
  t.test(`the next step after ${code} with ${JSON.stringify(more)}`, async (t) => {
    const endpoint = await startEndpoint(t, (response) => response.writeHead(400).end(JSON.stringify({ error: code })));
    const error = await refused(make(jwtBearer, { ...base, ...more, tokenEndpoint: endpoint.url }));
    t.match(error.occurrence.action, expected);
    t.equal(error.failure.kind, 'permanent');
  });
}

t.test('an echoed assertion does not come out', async (t) => {
  const endpoint = await startEndpoint(t, (response) => {
    const assertion = new URLSearchParams(endpoint.last().body).get('assertion');
    response.writeHead(400).end(JSON.stringify({ error: 'invalid_grant', error_description: `bad ${assertion}` }));
  });
  t.match(await refused(make(jwtBearer, { ...base, tokenEndpoint: endpoint.url })), { message: /"bad ‹credential›"/ });
});

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();
const lints: readonly (readonly [Readonly<Record<string, unknown>>, string, string])[] = [
  [{ secret: undefined }, 'privateKey', 'is missing'],
  [{ secret: undefined, algorithm: 'HS256' }, 'secret', 'is missing'],
  [{ privateKey: rsa.private_pkcs8_pem }, 'secret', 'stands beside privateKey'],
  [{ algorithm: 'RS256' }, 'algorithm', 'needs a privateKey'],
  [{ secret: undefined, privateKey: ec, algorithm: 'HS256' }, 'algorithm', 'needs a secret'],
  [
    { secret: undefined, privateKey: ec, algorithm: 'RS256' },
    'privateKey',
    'of type ec (prime256v1), but RS256 needs an RSA key',
  ],
  [{ secret: undefined, privateKey: ec, algorithm: 'ES384' }, 'privateKey', 'needs an EC key on the curve P-384'],
  [
    { secret: undefined, privateKey: '{"kty":"oct","k":"AAAA"}' },
    'privateKey',
    'is not a private key that can be read',
  ],
  [{ secret: 'short' }, 'secret', 'has 5 bytes'],
  [{ secret: rsa.private_pkcs8_pem }, 'secret', 'is a PEM block'],
  [{ clientId: 'x' }, 'clientSecret', 'is missing'],
  [{ scope: ['a,b'] }, 'scope', 'has a comma'],
  [{ tokenEndpoint: 'http://idp.example.com/t' }, 'tokenEndpoint', 'is plain http'],
];
for (const [more, path, problem] of lints) {
  t.test(`lint: ${path} ${problem}`, async (t) => {
    const written = Object.entries({ ...base, ...more }).filter(([, value]) => value !== undefined);
    const { lints } = configure(jwtBearer, Object.fromEntries(written));
    t.equal(lints.length, 1);
    t.match(lints[0], { path });
    t.ok(lints[0]?.problem.includes(problem), lints[0]?.problem ?? 'nothing found');
  });
}

t.test('claims and header members that have a key of their own are configuration errors', async (t) => {
  for (const name of ['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'scope']) {
    t.match(
      configure(jwtBearer, { ...base, claims: { [name]: 'x' } }).problems.join(),
      `claims.${name}: is set by bearerd`,
    );
  }
  t.match(configure(jwtBearer, { ...base, header: { alg: 'none' } }).problems.join(), 'header.alg: is set by bearerd');
});
