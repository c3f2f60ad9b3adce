import { createHmac, createVerify, generateKeyPairSync } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { collaborate } from '../../src/provider/collaborate.ts';
import { decodeUnverifiedJwt } from '../../src/token/unverified-jwt.ts';
import { configure, make, obtain, refused, startEndpoint, testContext } from './support.ts';
import { byId, vectors } from './vectors.ts';

const secret = '0F0E0D0C-0B0A-4908-8706-050403020100';
const grant = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const { rsa2048, rsa1024_must_be_rejected: rsa1024 } = vectors.keys;

t.test('seed, R12: POST <base>/token with exactly the form of the seed; the base path is kept', async (t) => {
  const endpoint = await startEndpoint(t, (response) => response.end('{"access_token":"a.b","expires_in":360}'));
  const context = testContext({ upstreams: [`${endpoint.origin}/collab/api/csa/`] });
  const token = await obtain(make(collaborate, { key: 'k1', secret }, context));
  t.equal(token.lifetimeMs, 360_000, 'token_type is optional');
  const { method, target, headers, body } = endpoint.last();
  t.equal(method, 'POST');
  t.equal(target, '/collab/api/csa/token');
  t.equal(headers['content-type'], 'application/x-www-form-urlencoded');
  t.notOk('authorization' in headers, 'no Basic by default');
  const [start, assertion = ''] = body.split('&assertion=');
  t.equal(start, `grant_type=${grant}`);
  t.same(
    [...new URLSearchParams(body)],
    [
      ['grant_type', grant],
      ['assertion', assertion],
    ],
  );
  const { header, payload } = decodeUnverifiedJwt(assertion) ?? {};
  t.same(header, { alg: 'HS256', typ: 'JWT' });
  t.same(Object.keys(payload ?? {}), ['iss', 'sub', 'exp']);
  t.match(payload, { iss: 'k1', sub: 'k1' });
  const ahead = Number(payload?.['exp']) - Date.now() / 1000;
  t.ok(Number.isInteger(payload?.['exp']) && ahead > 230 && ahead <= 240, `${ahead}`);
  const [h, p, signature] = assertion.split('.');
  t.equal(createHmac('sha256', secret).update(`${h}.${p}`).digest('base64url'), signature, 'node:crypto agrees');
});

t.test('RS256: verified by node:crypto', async (t) => {
  const endpoint = await startEndpoint(t);
  const options = { key: 'k', algorithm: 'RS256', privateKey: rsa2048.private_pkcs1_pem, tokenEndpoint: endpoint.url };
  await obtain(make(collaborate, options));
  const [h, p, s = ''] = (new URLSearchParams(endpoint.last().body).get('assertion') ?? '').split('.');
  t.ok(createVerify('sha256').update(`${h}.${p}`).verify(rsa2048.public_spki_pem, s, 'base64url'));
});

t.test('wire facts 1.2 (A27): a fresh assertion each time', async (t) => {
  const endpoint = await startEndpoint(t);
  let nowMs = 1_700_000_000_000;
  const context = testContext({ clock: { nowMs: () => nowMs, monotonicMs: () => 0 } });
  const provider = make(collaborate, { key: 'k', secret, tokenEndpoint: endpoint.url }, context);
  for (const advance of [0, 3_600_000]) {
    nowMs += advance;
    await obtain(provider);
  }
  const exps = endpoint.seen.map(
    ({ body }) => decodeUnverifiedJwt(new URLSearchParams(body).get('assertion') ?? '')?.payload['exp'],
  );
  t.same(exps, [1_700_000_240, 1_700_003_840]);
});

t.test('R13: assertion in the query, empty body, Content-Type all the same', async (t) => {
  const { expect, given } = byId(vectors.token_requests, 'R13');
  const endpoint = await startEndpoint(t, (response) => response.writeHead(400).end('{"error":"invalid_grant"}'));
  const nowMs = 1_480_457_763_988 - 240_000;
  const context = testContext({ clock: { nowMs: () => nowMs, monotonicMs: () => 0 } });
  const options = {
    key: 'my-collab-rest-key',
    secret: 'secret',
    expUnit: 'milliseconds',
    expType: 'string',
    assertionIn: 'query',
    tokenEndpoint: `${endpoint.url}?tenant=a%20b`,
  };
  const error = await refused(make(collaborate, options, context));
  const { target = '', headers, body } = endpoint.last();
  t.equal(target, `/token?tenant=a%20b&grant_type=${grant}&assertion=${given.assertion}`);
  t.same([...new URL(target, 'http://x').searchParams].slice(1), expect.query_pairs);
  t.equal(body, expect.body);
  t.equal(headers['content-type'], expect.content_type);
  t.equal(headers['content-length'], '0');
  const shown = `${error.stack} ${JSON.stringify(error)} ${JSON.stringify(context.lines)}`;
  t.notOk(shown.includes(given.assertion ?? ''));
  t.notOk(shown.includes('tenant'), 'the query is never shown');
});

t.test('an echoed assertion does not come out', async (t) => {
  const endpoint = await startEndpoint(t, (response, request) => {
    const assertion = new URL(request.url ?? '', 'http://x').searchParams.get('assertion') ?? '';
    const [header, payload, signature] = assertion.split('.');
    response
      .writeHead(400)
      .end(JSON.stringify({ errorKey: 'x', errorMessage: `${assertion} / ${header}.${payload}.${signature}` }));
  });
  const error = await refused(
    make(collaborate, { key: 'k', secret, assertionIn: 'query', tokenEndpoint: endpoint.url }),
  );
  t.match(error.message, '400 x: "‹credential› / ‹credential›"');
});

t.test('basic: key and secret as they are', async (t) => {
  const endpoint = await startEndpoint(t);
  await obtain(make(collaborate, { key: 'k', secret, basic: true, tokenEndpoint: endpoint.url }));
  const authorization = endpoint.last().headers.authorization ?? '';
  t.equal(Buffer.from(authorization.slice(6), 'base64').toString(), `k:${secret}`);
});

t.test('T77: the error body of Collaborate, and what to check', async (t) => {
  for (const [status, body, reason] of [
    [400, '{"errorKey":"invalid_json","errorMessage":"The json was invalid."}', 'invalid_json'],
    [401, '', 'http_401'],
    [400, '{"error":"invalid_grant"}', 'invalid_grant'],
  ] as const) {
    const endpoint = await startEndpoint(t, (response) => response.writeHead(status).end(body));
    const error = await refused(make(collaborate, { key: 'k', secret, tokenEndpoint: endpoint.url }));
    t.equal(error.failure.reason, reason);
    t.equal(error.failure.kind, 'permanent');
    if (reason !== 'invalid_json') t.match(error.occurrence.action, /key and secret.*clock.*240 s/);
  }
  const endpoint = await startEndpoint(t, (response) => response.writeHead(401).end());
  const rsa = { key: 'k', algorithm: 'RS384', privateKey: rsa2048.private_pkcs8_pem, tokenEndpoint: endpoint.url };
  t.match((await refused(make(collaborate, rsa))).occurrence.action, /privateKey and algorithm/);
});

t.test('a key that no longer fits when it is read asks nobody', async (t) => {
  const endpoint = await startEndpoint(t);
  const command = { command: [process.execPath, '-e', 'process.stdout.write(`-----BEGIN PRIVATE KEY-----`)'] };
  const error = await refused(make(collaborate, { key: 'k', secret: command, tokenEndpoint: endpoint.url }));
  t.equal(error.failure.reason, 'invalid_signing_key');
  t.equal(endpoint.seen.length, 0);
});

const base = { key: 'k', tokenEndpoint: 'https://collab.test/token' };
const ec = String(
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
);
const configurationErrors: readonly (readonly [string, Readonly<Record<string, unknown>>, RegExp])[] = [
  ['A21: assertionLifetime 301 s', { secret, assertionLifetime: 301 }, /assertionLifetime.*at most 5m/],
  ['A22: assertionLifetime 0', { secret, assertionLifetime: 0 }, /assertionLifetime.*at least 1s/],
  ['A24: an empty secret', { secret: '' }, /secret.*empty/],
  [
    'A25: an RSA key below 2048 bits',
    { algorithm: 'RS256', privateKey: rsa1024.private_pkcs8_pem },
    /privateKey: has 1024 bits/,
  ],
  ['A26: a PEM key as the HS256 secret', { secret: rsa2048.private_pkcs8_pem }, /secret: is a PEM block/],
  ['an elliptic curve key', { algorithm: 'RS256', privateKey: ec }, /privateKey: is a key of type ec/],
  ['no PEM', { algorithm: 'RS256', privateKey: 'xyz' }, /privateKey: is not a private key/],
  ['no secret', {}, /secret: is missing/],
  ['no private key', { algorithm: 'RS256', secret }, /privateKey: is missing/],
  [
    'basic without a secret',
    { algorithm: 'RS256', privateKey: rsa2048.private_pkcs8_pem, basic: true },
    /basic: needs the secret/,
  ],
  ['plain http', { secret, tokenEndpoint: 'http://collab.test/token' }, /tokenEndpoint: is plain http/],
];
for (const [title, more, expected] of configurationErrors) {
  t.test(`configuration error: ${title}`, async (t) => {
    const { problems, lints } = configure(collaborate, { ...base, ...more });
    const errors = lints
      .filter(({ severity }) => severity === 'error')
      .map(({ path, problem }) => `${path}: ${problem}`);
    t.match([...problems, ...errors].join('\n'), expected);
    t.notMatch([...problems, ...errors].join('\n'), 'MIIE');
  });
}

t.test('A07, A28: 300 s and PKCS#1 are accepted without a word', async (t) => {
  const { lints, problems } = configure(collaborate, {
    ...base,
    algorithm: 'RS512',
    privateKey: rsa2048.private_pkcs1_pem,
    assertionLifetime: '300s',
  });
  t.same([...problems, ...lints], []);
});

t.test('A12: a short secret and one that is not used are warnings', async (t) => {
  t.match(configure(collaborate, { ...base, secret: 'secret' }).lints, [
    { path: 'secret', severity: 'warning', problem: /6 bytes/ },
  ]);
  const both = { ...base, secret, privateKey: rsa2048.private_pkcs8_pem };
  t.match(configure(collaborate, both).lints, [{ path: 'privateKey', severity: 'warning' }]);
  t.match(configure(collaborate, { ...both, algorithm: 'RS256' }).lints, [{ path: 'secret', severity: 'warning' }]);
  t.same(configure(collaborate, { ...both, algorithm: 'RS256', basic: true }).lints, []);
});

t.test('interface 3: routes with different upstreams need a tokenEndpoint', async (t) => {
  const of = (upstreams: readonly string[]): readonly object[] =>
    configure(collaborate, { key: 'k', secret }, upstreams).lints;
  t.same(of(['https://a.test']), []);
  t.match(of(['https://a.test', 'https://b.test']), [
    { path: 'tokenEndpoint', severity: 'error', problem: /different upstreams/ },
  ]);
  t.match(of([]), [{ path: 'tokenEndpoint', severity: 'error', problem: /no route/ }]);
  t.match(of(['http://a.test']), [{ path: 'tokenEndpoint', severity: 'error', problem: /plain http/ }]);
  t.throws(() => collaborate.create(optionsOf({ key: 'k', secret }), testContext()), /no token endpoint/);
});

function optionsOf(written: Readonly<Record<string, unknown>>): Parameters<typeof collaborate.create>[0] {
  const { options } = configure(collaborate, written);
  if (options === undefined) throw new Error('the options are wrong');
  return options;
}

t.test('lint leaves a source that cannot be read to the place where it is parsed', async (t) => {
  const path = join(t.testdir({ secret }), 'secret');
  const written = { ...base, secret: { file: path } };
  const options = optionsOf(written);
  t.same(collaborate.lint?.(options, { upstreams: [] }), []);
  unlinkSync(path);
  t.same(collaborate.lint?.(options, { upstreams: [] }), []);
});
