import { PassThrough } from 'node:stream';
import { SignJWT } from 'jose';
import t, { type Test } from 'tap';
import { doctor } from '../../src/cli/doctor.ts';
import { pastedToken } from '../../src/cli/pasted-token.ts';
import { startServer } from '../doctor/front.ts';
import { landscape, tokenOf, withoutToken } from '../doctor/set-up.ts';
import { testConsole } from './demo-console.ts';

/** Runs `bearerd doctor` in a folder with this configuration. */
async function run(
  t: Test,
  config: object | undefined,
  argv: readonly string[] = [],
  stdin = '',
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const cwd = t.testdir(config === undefined ? {} : { 'bearerd.yaml': JSON.stringify(config) });
  const { context, out, err } = testConsole(argv);
  const code = await doctor({ ...context, cwd, stdin: new PassThrough().end(stdin) });
  return { code, out: out(), err: err() };
}

const aToken = /[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}/;

t.test('nothing wrong: every question with its answer, the token in sections, exit 0', async (t) => {
  const { config, collibra } = await landscape(t);
  const { code, out, err } = await run(t, config());
  t.equal(code, 0, out);
  t.match(out, /^route collibra \(credential default\)\n {2}ok {3}configuration {2}valid \(bearerd\.yaml\)/);
  for (const question of ['names', 'token request', 'token', 'probe', 'clock']) {
    t.match(out, new RegExp(`^ {2}ok {3}${question} `, 'm'), question);
  }
  t.match(out, `GET ${collibra.url}/rest/2.0/auth/sessions/current → 200: the token is accepted`);
  t.match(out, /"sub": "my-app"[\s\S]*signature: 256 bytes/);
  t.match(out, /\nnothing found\n$/);
  t.notMatch(out, aToken);
  t.equal(err, '');
});

t.test('findings: numbered, each with side, name and cure, exit 1', async (t) => {
  const { idp, config } = await landscape(t);
  await idp.faults.apply({ typ: 'x' });
  const { code, out } = await run(t, config());
  t.equal(code, 1);
  t.match(
    out,
    /\n1 finding\n1\. The token has the wrong media type.*\n {3}likely, at the identity provider \(type_not_accepted\)\n {3}Add 'x' to JWT Token Types/,
  );
});

t.test('on a terminal long lines are wrapped', async (t) => {
  const { idp, config } = await landscape(t);
  await idp.faults.apply({ typ: 'x' });
  const cwd = t.testdir({ 'bearerd.yaml': JSON.stringify(config()) });
  const { context, out } = testConsole([]);
  await doctor({ ...context, cwd, isTerminal: true });
  const [report = ''] = out().split('\nheader: ');
  t.ok(report.split('\n').every((line) => line.length <= 110));
});

t.test('what an identity provider and an API echo is not printed', async (t) => {
  const secret = 'an & odd % secret that is echoed';
  const idp = await startServer(t, false, (request, response) => {
    const description = `You sent ${request.headers.authorization} and ${secret}`;
    response.writeHead(401).end(JSON.stringify({ error: 'invalid_client', error_description: description }));
  });
  const refused = await run(t, withoutToken({ tokenEndpoint: `${idp.origin}/token`, clientSecret: secret }), [
    '--json',
  ]);
  t.match(refused.out, 'You sent');
  t.notMatch(refused.out, secret);
  t.notMatch(refused.out, Buffer.from('my-app:an').toString('base64').slice(0, 12));

  const token = 'opaque-token-0123456789';
  const api = await startServer(t, false, (request, response) => {
    const challenge = `Bearer error="invalid_token", error_description="${request.headers.authorization}"`;
    response.writeHead(401, { 'WWW-Authenticate': challenge }).end(JSON.stringify({ message: `no ${token}` }));
  });
  const config = { upstream: api.origin, probe: 'GET /me', credential: { provider: 'static', token } };
  for (const argv of [[], ['--json']]) {
    const { code, out, err } = await run(t, config, argv);
    t.equal(code, 1);
    t.notMatch(out + err, token);
  }
});

t.test('several routes: all of them, or the one that is named', async (t) => {
  const { idp, collibra, config } = await landscape(t);
  const { credential } = config() as { readonly credential: object };
  const route = { upstream: collibra.url, preset: 'collibra', credential: 'idp' };
  const routes = [
    { name: 'one', path: '/one', ...route },
    { name: 'two', path: '/two', ...route, upstream: `${collibra.url}/x` },
  ];
  const both = { routes, credentials: { idp: credential } };
  const all = await run(t, both, ['--json']);
  t.equal(all.code, 1);
  t.match(JSON.parse(all.out), {
    valid: true,
    ok: false,
    findings: [{ route: 'two', id: 'nothing_there', side: 'yours', likelihood: 'possible' }],
    routes: [{ route: 'one', findings: [] }, { route: 'two' }],
  });
  t.equal(idp.stats().tokenRequests, 1, 'one credential, one token');
  t.equal((await run(t, both, ['one'])).code, 0);
  const wrong = await run(t, both, ['tow']);
  t.same([wrong.code, wrong.err], [2, "bearerd doctor: there is no route 'tow'; did you mean two?\n"]);
});

t.test('with an issuer: discovery, and whether a published key verifies the signature', async (t) => {
  const { idp, config } = await landscape(t);
  const asIssuer = await run(t, config({}, { tokenEndpoint: undefined, issuer: idp.issuer }));
  t.equal(asIssuer.code, 0, asIssuer.out);
  t.match(asIssuer.out, ` ok   discovery      token endpoint: ${idp.tokenEndpoint}\n`);
  t.match(asIssuer.out, ` ok   keys           a key of ${idp.jwksUrl} verifies the signature\n`);
  // the token request does without the metadata, so that a wrong issuer is worth a look only
  const beside = await run(t, config({}, { issuer: `${idp.issuer}/` }), ['--json']);
  t.equal(beside.code, 1);
  t.match(JSON.parse(beside.out).findings, [{ id: 'issuer_mismatch', likelihood: 'possible' }]);
});

t.test('findings of several routes: the likeliest of all first', async (t) => {
  const { idp, collibra, config } = await landscape(t, { typ: 'x' });
  const { credential } = config() as { readonly credential: object };
  const wrong = await run(
    t,
    {
      routes: [
        { name: 'typ', path: '/typ', upstream: collibra.url, preset: 'collibra', credential: 'good' },
        { name: 'secret', path: '/secret', upstream: collibra.url, preset: 'collibra', credential: 'bad' },
      ],
      credentials: { good: credential, bad: { ...credential, clientSecret: 'wrong' } },
    },
    ['--json'],
  );
  t.match(JSON.parse(wrong.out).findings, [
    { route: 'secret', id: 'invalid_client', likelihood: 'certain' },
    { route: 'typ', id: 'type_not_accepted', likelihood: 'likely' },
  ]);
  t.ok(idp.stats().requests > 0);
});

t.test('nothing to ask: a token from a file, a token per caller, a route without a probe', async (t) => {
  const { collibra } = await landscape(t);
  const fixed = { upstream: collibra.url, credential: { provider: 'static', token: 'a-fixed-token' } };
  const asFile = await run(t, fixed);
  t.equal(asFile.code, 0, asFile.out);
  t.match(asFile.out, 'it never expires');
  t.match(asFile.out, ' -   probe          the route has no probe');
  t.match(asFile.out, 'nobody said what time it is');
  t.notMatch(asFile.out, 'a-fixed-token');
  const exchange = {
    provider: 'token-exchange',
    tokenEndpoint: `${collibra.url}/t`,
    clientId: 'x',
    clientSecret: 'y-y-y',
  };
  const perCaller = { upstream: collibra.url, credential: { ...exchange, subjectToken: { header: 'X-Subject' } } };
  const asCaller = await run(t, perCaller);
  t.equal(asCaller.code, 0, asCaller.out);
  t.match(asCaller.out, /each caller has a token of its own, and there is no caller; paste one/);
});

t.test('a wrong configuration: every problem, exit 2', async (t) => {
  const config = { upstream: 'acme', credential: { clientId: 'x' } };
  const { code, out, err } = await run(t, config);
  t.equal(code, 2);
  t.equal(out, '');
  t.match(err, /bearerd\.yaml:1:\d+: upstream/);
  const asJson = await run(t, config, ['--json']);
  t.equal(asJson.code, 2);
  t.match(JSON.parse(asJson.out), { valid: false, problems: [{ path: /upstream|credential/ }] });
});

t.test('where token requests are counted, no other way to authenticate is tried', async (t) => {
  const { idp, config } = await landscape(t);
  await run(t, config({}, { clientSecret: 'wrong' }));
  t.equal(idp.stats().tokenRequests, 3, 'as configured, and two other ways');
  const { code } = await run(t, config({}, { clientSecret: 'wrong', maxTokenRequests: '10/1h' }));
  t.equal(code, 1);
  t.equal(idp.stats().tokenRequests, 4);
});

t.test('a pasted token is compared and sent nowhere', async (t) => {
  const { idp, collibra, config } = await landscape(t);
  await idp.faults.apply({ typ: 'x' });
  const token = await tokenOf(idp);
  const { code, out } = await run(t, config(), ['--token-stdin'], `Authorization: Bearer ${token}\n`);
  t.equal(code, 1);
  t.match(out, /wrong media type/);
  t.notMatch(out, token.slice(0, 30));
  t.equal(collibra.stats().requests, 0);
  t.equal(idp.stats().tokenRequests, 1, 'the one of this test');
});

t.test('a pasted token without any configuration: what can be told of it alone', async (t) => {
  const token = (exp: number) =>
    new SignJWT({ exp }).setProtectedHeader({ alg: 'HS256' }).sign(new Uint8Array(32).fill(7));
  const nowSeconds = Math.floor(Date.now() / 1000);
  const expired = await run(t, undefined, ['--token-stdin', '--json'], await token(nowSeconds - 600));
  t.equal(expired.code, 1);
  t.match(JSON.parse(expired.out), {
    findings: [{ id: 'expired', sentence: /expired 10 min ago by this machine's clock/ }],
    routes: [{ token: { jwt: true, header: { alg: 'HS256' } } }],
  });
  const good = await run(t, undefined, ['--token-stdin'], await token(nowSeconds + 600));
  t.equal(good.code, 0, good.out);
  t.match(good.out, /^pasted token\n/);
  const opaque = await run(t, undefined, ['--token-stdin'], 'opaque-token');
  t.match(opaque.out, /1 section, 12 characters: not a JWT/);
  t.notMatch(opaque.out, 'opaque-token');
  t.same((await run(t, undefined, ['--token-stdin'], ' \n')).code, 2);
  t.match((await run(t, undefined)).err, /upstream: is missing/);
});

t.test('what may stand around a pasted token', async (t) => {
  const read = (text: string) => pastedToken({ ...testConsole([]).context, stdin: new PassThrough().end(text) });
  for (const text of [
    'a.b.c',
    ' a.b.c \n',
    'Bearer a.b.c',
    'authorization:  bearer a.b.c\r\nnext: line',
    '\n\na.b.c\n',
  ]) {
    t.equal(await read(text), 'a.b.c', JSON.stringify(text));
  }
  t.equal(await read('\n \n'), '');
});

t.test('at a terminal the token is asked for and not shown', async (t) => {
  const { context, out, err } = testConsole([]);
  const typed = (text: string) => Object.assign(new PassThrough(), { isTTY: true }).end(text);
  const long = `${'a'.repeat(3000)}.${'b'.repeat(3000)}.c`;
  t.equal(await pastedToken({ ...context, stdin: typed(`Bearer ${long}\n`) }), long);
  t.equal(err(), 'token (it is not shown): \n');
  t.equal(out(), '');
  t.equal(await pastedToken({ ...context, stdin: typed('') }), '');
});
