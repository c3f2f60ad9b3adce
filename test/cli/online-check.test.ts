import t, { type Test } from 'tap';
import { check } from '../../src/cli/check.ts';
import { meaningOf } from '../../src/doctor/probe-meaning.ts';
import { startCollibra } from '../../src/emulator/collibra.ts';
import { demoClient, startIdp } from '../../src/emulator/idp.ts';
import { startUpstream } from '../support/upstream.ts';
import { testConsole } from './demo-console.ts';

async function setUp(t: Test, issuer?: string) {
  const idp = await startIdp();
  const collibra = await startCollibra({ jwksUrl: idp.jwksUrl, issuer: issuer ?? idp.issuer, audience: 'collibra' });
  t.teardown(() => Promise.all([idp.close(), collibra.close()]));
  const env = {
    BEARERD_UPSTREAM: collibra.url,
    BEARERD_PRESET: 'collibra',
    BEARERD_TOKEN_ENDPOINT: idp.tokenEndpoint,
    BEARERD_CLIENT_ID: demoClient.id,
    BEARERD_CLIENT_SECRET: demoClient.secret,
  };
  const run = async (over: Record<string, string> = {}, argv: readonly string[] = []) => {
    const { context, out, err } = testConsole(['--online', ...argv], { ...env, ...over });
    const code = await check({ ...context, cwd: '/' });
    return { code, out: out(), err: err() };
  };
  return { run, collibra, idp };
}

t.test('token and API are fine: exit 0, the token decoded, of the signature only its length', async (t) => {
  const { run, collibra } = await setUp(t);
  const { code, out, err } = await run();
  t.equal(code, 0, out + err);
  t.match(out, /^configuration is valid\n/);
  t.match(out, /credential default: a token in \d+ ms, good until \d{4}-/);
  t.match(out, /"alg": "RS256"[\s\S]*"sub": "my-app"[\s\S]*signature: 256 bytes, verified with the keys at http:/);
  t.match(out, `route collibra: GET ${collibra.url}/rest/2.0/auth/sessions/current → 200: the token is accepted\n`);
  t.notMatch(out, /[\w-]{60,}/);
});

t.test('--json gives the same as facts', async (t) => {
  const { run } = await setUp(t);
  const facts = JSON.parse((await run({}, ['--json'])).out);
  t.match(facts, {
    valid: true,
    tokens: [{ credential: 'default', ok: true, token: { jwt: true, signatureBytes: 256 } }],
    probes: [{ route: 'collibra', ok: true, status: 200, meaning: 'the token is accepted' }],
  });
});

t.test(
  'a token that contradicts expect, or that the keys do not verify: exit 1, with the finding and its cure',
  async (t) => {
    const { run, idp } = await setUp(t);
    const expect = { BEARERD_EXPECT_AUDIENCE: 'other', BEARERD_EXPECT_JWKS: idp.jwksUrl };
    const { code, out } = await run(expect);
    t.equal(code, 1);
    t.match(out, "  The token's aud is 'collibra', and Collibra expects 'other'.\n    Add 'collibra' to JWT Audience");
    t.match(out, /signature: 256 bytes, verified with the keys at/);
    t.match(out, '→ 200: the token is accepted');
    await idp.faults.apply({ forged: true });
    const facts = JSON.parse((await run({ BEARERD_EXPECT_JWKS: idp.jwksUrl }, ['--json'])).out);
    t.match(facts.tokens[0], {
      ok: false,
      findings: [{ id: 'signature_invalid' }],
      token: { signature: { verified: false } },
    });
    await idp.faults.apply({ reset: true, typ: 'odd+jwt' });
    const perhaps = await run({ BEARERD_EXPECT_JWKS: idp.jwksUrl });
    t.match(perhaps.out, '  perhaps: The token has the wrong media type');
  },
);

t.test("no token: exit 1 with the token endpoint's words; the API is not asked", async (t) => {
  const { run } = await setUp(t);
  const { code, out } = await run({ BEARERD_CLIENT_SECRET: 'not-the-secret' });
  t.equal(code, 1);
  t.match(out, /credential default: no token: .*invalid_client/);
  t.match(out, /route collibra: .*was not sent, because there is no token/);
  t.notMatch(out, 'not-the-secret');
});

t.test('the API refuses the token: exit 1 with the explanation of its code', async (t) => {
  const { run } = await setUp(t, 'https://another.example');
  const { code, out } = await run();
  t.equal(code, 1);
  t.match(out, /route collibra: GET .* → 401: .*invalidToken/);
});

t.test('the API is not there: exit 1', async (t) => {
  const { run } = await setUp(t);
  const { code, out } = await run({ BEARERD_UPSTREAM: 'http://127.0.0.1:9' });
  t.equal(code, 1);
  t.match(out, /route collibra: GET http:\/\/127\.0\.0\.1:9\/rest.*refused/i);
});

t.test('without a probe nothing is asked, which is no failure', async (t) => {
  const { run } = await setUp(t);
  const upstream = await startUpstream();
  t.teardown(upstream.close);
  const { code, out } = await run({ BEARERD_PRESET: 'none', BEARERD_UPSTREAM: upstream.url });
  t.equal(code, 0);
  t.match(out, 'route default: nothing was asked: the route has no probe\n');
  t.equal(upstream.seen.length, 0);
});

t.test("the probe goes below the upstream's path, with the route's headers", async (t) => {
  const { run } = await setUp(t);
  const upstream = await startUpstream((_seen, response) => {
    response.statusCode = 403;
    response.end();
  });
  t.teardown(upstream.close);
  const { code, out } = await run({
    BEARERD_PRESET: 'none',
    BEARERD_UPSTREAM: `${upstream.url}/base`,
    BEARERD_PROBE: 'GET /me?x=1',
    BEARERD_HEADERS_SET: 'X-Client=bearerd',
  });
  t.equal(code, 0);
  t.match(out, /→ 403: the token is accepted, but its user may not do this/);
  t.match(upstream.seen, [{ url: '/base/me?x=1', headers: { 'x-client': 'bearerd', authorization: /^Bearer / } }]);
});

t.test('a wrong configuration: exit 2 and nothing is asked', async (t) => {
  const { run } = await setUp(t);
  const { code, out } = await run({ BEARERD_UPSTREAM: 'acme' });
  t.equal(code, 2);
  t.notMatch(out, 'credential default');
});

t.test('wire facts 2.5, 5.1: what a status says about the token', async (t) => {
  const cases: readonly [number, boolean][] = [
    ...[200, 204, 403, 404, 405].map((status): [number, boolean] => [status, true]),
    ...[302, 401, 407, 408, 429, 500, 503].map((status): [number, boolean] => [status, false]),
  ];
  for (const [status, ok] of cases) t.equal(meaningOf(status).ok, ok, String(status));
});
