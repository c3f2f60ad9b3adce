import t, { type Test } from 'tap';
import { token } from '../../src/cli/token.ts';
import { demoClient, startIdp } from '../../src/emulator/idp.ts';
import { viewLines, viewOf } from '../../src/token/token-view.ts';
import { testConsole } from './demo-console.ts';

/** `bearerd token` with an emulated identity provider; the configuration comes from variables. */
async function setUp(t: Test) {
  const idp = await startIdp();
  t.teardown(idp.close);
  const env = {
    BEARERD_UPSTREAM: 'http://127.0.0.1:9',
    BEARERD_TOKEN_ENDPOINT: idp.tokenEndpoint,
    BEARERD_CLIENT_ID: demoClient.id,
    BEARERD_CLIENT_SECRET: demoClient.secret,
  };
  const run = async (argv: readonly string[], over: Record<string, string> = {}, isTerminal = false) => {
    const { context, out, err } = testConsole(argv, { ...env, ...over });
    const code = await token({ ...context, cwd: '/', isTerminal });
    return { code, out: out(), err: err() };
  };
  return { run, idp };
}

const jwt = /^[\w-]+\.[\w-]+\.[\w-]+$/;

t.test('to a pipe: the token alone; --raw, --header', async (t) => {
  const { run } = await setUp(t);
  for (const argv of [[], ['--raw'], ['default'], ['default', '--raw']]) {
    const { code, out, err } = await run(argv);
    t.equal(code, 0);
    t.match(out.slice(0, -1), jwt);
    t.ok(out.endsWith('\n'));
    t.equal(err, '');
  }
  t.match((await run(['--raw'], {}, true)).out.trim(), jwt, 'asked for, also on a terminal');
  t.match((await run(['--header'])).out, /^Authorization: Bearer [\w-]+\.[\w-]+\.[\w-]+\n$/);
});

t.test('a token that tokens.cache has is printed, not another one', async (t) => {
  const { run } = await setUp(t);
  const key = 'Zk8sW1xQ5m3bT7vYcR2nL9dJ4gHfPa6uEoIiKjSxVw0=';
  const cache = { BEARERD_TOKENS_CACHE_FILE: `${t.testdir({})}/tokens`, BEARERD_TOKENS_CACHE_KEY: key };
  const first = await run([], cache);
  t.match(first.out.trim(), jwt);
  t.equal((await run([], cache)).out, first.out);
  t.not((await run([])).out, first.out);
});

t.test('on a terminal: the sections, of the signature only its length', async (t) => {
  const { run } = await setUp(t);
  const { code, out } = await run([], {}, true);
  t.equal(code, 0);
  t.match(out, /^credential: default, good until \d{4}-/);
  t.match(out, /"alg": "RS256"/);
  t.match(out, /"sub": "my-app"/);
  t.match(out, /\nsignature: 256 bytes, verified with the keys at http:/);
  t.notMatch(out, /[\w-]{60,}/, 'nothing as long as a section of a token');
});

t.test("the signature is compared with the issuer's keys where somebody says where they are", async (t) => {
  const { run, idp } = await setUp(t);
  const env = { BEARERD_EXPECT_JWKS: idp.jwksUrl };
  t.match((await run([], env, true)).out, /\nsignature: 256 bytes, verified with the keys at http:.*\n$/);
  await idp.faults.apply({ forged: true });
  t.match((await run([], env, true)).out, /WRONG: the key of this kid at http:.* does not verify it\n$/);
  await idp.faults.apply({ reset: true, kid: 'x' });
  t.match(JSON.parse((await run(['--json'], env)).out).signature, { verified: false, detail: 'no key at' });
  await idp.faults.apply({ reset: true, jwksDown: true });
  const facts = JSON.parse((await run(['--json'], env)).out);
  t.match(facts.signature, { verified: null, detail: /^not verified: GET http:.* closed the connection/ });
  t.notOk((await run(['--raw'], env)).out.includes('signature'));
});

t.test('--json has everything', async (t) => {
  const { run } = await setUp(t);
  const facts = JSON.parse((await run(['--json'])).out);
  t.match(facts, {
    credential: 'default',
    tokenType: 'Bearer',
    accessToken: jwt,
    expiresAt: /Z$/,
    lifetimeSource: 'jwt_exp',
    jwt: true,
    header: { alg: 'RS256' },
    payload: { sub: 'my-app' },
    signatureBytes: 256,
  });
});

t.test("no token: exit 1 with the token endpoint's words, nothing on stdout, never the secret", async (t) => {
  const { run } = await setUp(t);
  const { code, out, err } = await run([], { BEARERD_CLIENT_SECRET: 'not-the-secret' });
  t.equal(code, 1);
  t.equal(out, '');
  t.match(err, /^bearerd token: .*invalid_client/);
  t.notMatch(err, 'not-the-secret');
  const logged = await run([], { BEARERD_CLIENT_SECRET: 'not-the-secret', BEARERD_LOG_LEVEL: 'error' });
  t.match(logged.err, '"event":"token_refresh_failed"', 'the log on stderr for who asks for it');
  t.equal(logged.out, '');
});

t.test('usage and configuration: exit 2', async (t) => {
  const { run } = await setUp(t);
  t.match(await run(['--raw', '--json']), { code: 2, err: 'bearerd token: --raw and --json exclude each other\n' });
  t.match(await run(['defalt']), {
    code: 2,
    err: "bearerd token: no route uses a credential 'defalt'; did you mean default?\n",
  });
  t.match(await run(['a', 'b']), { code: 2, err: /'b' is one word too many/ });
  t.match(await run([], { BEARERD_UPSTREAM: 'acme' }), { code: 2, out: '', err: /is not an absolute URL/ });
});

t.test('several credentials: one has to be named', async (t) => {
  const { run } = await setUp(t);
  const credential = (name: string) => `  ${name}: { provider: static, token: token-of-${name} }\n`;
  const route = (name: string) => `  - { path: /${name}, upstream: http://127.0.0.1:9, credential: ${name} }\n`;
  const folder = t.testdir({
    'x.yaml': `routes:\n${route('a')}${route('b')}credentials:\n${credential('a')}${credential('b')}`,
  });
  const env = { BEARERD_UPSTREAM: '', BEARERD_TOKEN_ENDPOINT: '', BEARERD_CLIENT_ID: '', BEARERD_CLIENT_SECRET: '' };
  const argv = ['--config', `${folder}/x.yaml`];
  t.match(await run(argv, env), { code: 2, err: 'bearerd token: name one of the credentials: a, b\n' });
  t.match(await run([...argv, 'b'], env), { code: 0, out: 'token-of-b\n' });
});

t.test('tokens that are no JWT are not shown', async (t) => {
  t.same(viewOf('opaque-token', undefined), { jwt: false, sections: 1, characters: 12 });
  t.same(viewLines(viewOf('opaque-token', undefined)), ['token: opaque, not a JWT (12 characters)']);
  t.same(viewLines(viewOf('a.b.c.d.e', undefined)), ['token: an encrypted JWT (9 characters)']);
});
