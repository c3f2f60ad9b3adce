import { createHmac } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { emulate } from '../../src/cli/emulate.ts';
import { basic, decoded, form, read, rsaKey, section, token } from '../emulator/hand-made.ts';
import { type Console, testConsole } from './demo-console.ts';

const grant = { grant_type: 'client_credentials' };

/** Runs the command with --json until the test ends; its facts. */
async function running(t: Test, argv: readonly string[], env = {}): Promise<Record<string, string>> {
  const console = testConsole([...argv, '--json'], env);
  const ended = emulate(console.context);
  await Promise.race([console.says('}\n'), ended]);
  t.equal(console.err(), '');
  t.teardown(async () => {
    console.signal('SIGTERM');
    if ((await ended) !== 0) throw new Error('a signal must end it with 0');
  });
  return JSON.parse(console.out());
}

t.test('an identity provider and a Collibra that trusts it, as two commands', async (t) => {
  const idp = await running(
    t,
    [
      'idp',
      '--issuer',
      'https://idp.test',
      '--client-id',
      'a:b',
      '--subject',
      'ann',
      '--audience',
      'x,y',
      '--lifetime',
      '7',
      '--token-type',
      'JWT',
    ],
    { BEARERD_CLIENT_SECRET: 's e' },
  );
  const answer = await read(await fetch(String(idp['tokenEndpoint']), form(grant, basic('a:b', 's e'))));
  t.equal(answer.expires_in, 7);
  t.equal(decoded(answer.access_token).header['typ'], 'JWT');
  t.match(decoded(answer.access_token).claims, { iss: 'https://idp.test', sub: 'ann', aud: 'x', client_id: 'a:b' });

  const trust = ['--jwks-url', String(idp['jwksUrl']), '--issuer', 'https://idp.test', '--audience', 'x'];
  const code = async (...flags: string[]): Promise<unknown> => {
    const collibra = await running(t, ['collibra', ...trust, ...flags]);
    const headers = { authorization: `Bearer ${answer.access_token}` };
    return (await read(await fetch(`${collibra['url']}/rest/2.0/communities`, { headers }))).errorCode;
  };
  t.equal(await code('--users', 'bob, ann', '--clock-skew', '5'), undefined);
  t.equal(await code('--users', 'bob'), 'unableToProcessToken');
  t.equal(await code('--users', 'ann', '--token-types', 'at+jwt'), 'invalidToken');
  t.equal(await code('--users', 'ann', '--algorithms', 'RS512'), 'invalidToken');
  t.equal(await code('--users', 'a:b', '--principal-claim', 'azp'), undefined);
});

t.test('a Collibra that keeps the key set does without the identity provider', async (t) => {
  const idp = await running(t, ['idp']);
  const answer = await read(await fetch(String(idp['tokenEndpoint']), form(grant, basic('my-app', 'my-secret'))));
  const headers = { authorization: `Bearer ${answer.access_token}` };
  const codes = async (...flags: string[]): Promise<unknown[]> => {
    const collibra = await running(t, ['collibra', '--jwks-url', String(idp['jwksUrl']), ...flags]);
    const ask = async () => (await read(await fetch(`${collibra['url']}/rest/2.0/communities`, { headers }))).errorCode;
    const fault = (jwksDown: boolean) =>
      fetch(`${idp['url']}/__faults`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ jwksDown }),
      });
    const before = await ask();
    await fault(true);
    const after = await ask();
    await fault(false);
    return [before, after];
  };
  t.same(await codes('--jwks-cache', '60'), [undefined, undefined]);
  t.same(await codes(), [undefined, 'unableToProcessToken']);
});

t.test('a Collaborate', async (t) => {
  const key = rsaKey('k');
  const publicKey = key.publicPem;
  const file = join(t.testdir({ 'public.pem': publicKey }), 'public.pem');
  const claims = { iss: 'k1', sub: 'k1', exp: Math.floor(Date.now() / 1000) + 200 };
  const ask = async (
    flags: readonly string[],
    assertion: string,
    env = {},
  ): Promise<{ status: number; lifetime: number }> => {
    const { tokenEndpoint } = await running(t, ['collaborate', '--key', 'k1', ...flags], env);
    const fields = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion };
    const response = await fetch(String(tokenEndpoint), form(fields));
    return { status: response.status, lifetime: (await read(response)).expires_in };
  };
  const hmac = token({ alg: 'HS256' }, claims, 'sesame');
  t.same(await ask(['--lifetime', '9', '--base-path', '/'], hmac, { BEARERD_SECRET: 'sesame' }), {
    status: 200,
    lifetime: 9,
  });
  t.match(await ask([], hmac), { status: 400 });
  t.match(await ask(['--assertion-in', 'query'], hmac, { BEARERD_SECRET: 'sesame' }), { status: 400 });
  t.match(await ask(['--public-key', file], token({ alg: 'RS256' }, claims, key.privateKey)), { status: 200 });
  const input = `${section({ alg: 'HS256' })}.${section(claims)}`;
  const confused = `${input}.${createHmac('sha256', publicKey).update(input).digest('base64url')}`;
  t.match(await ask(['--public-key', file], confused), { status: 400 });
});

t.test('faults can be there from the start', async (t) => {
  const { url } = await running(t, ['collibra', '--faults', '{"status":503,"times":1}']);
  t.equal((await fetch(`${url}/rest/2.0/application/info`)).status, 503);
  t.equal((await fetch(`${url}/rest/2.0/application/info`)).status, 200);
});

t.test('what is printed can be copied, and shows no secret of the caller', async (t) => {
  const console: Console = testConsole(['idp'], { BEARERD_CLIENT_SECRET: 'hush-hush' });
  const ended = emulate(console.context);
  await console.says('__stats');
  const url = /url +(\S+)/.exec(console.out())?.[1];
  t.match(
    console.out(),
    `curl -u my-app:"$BEARERD_CLIENT_SECRET" -d grant_type=client_credentials ${url}/oauth2/token`,
  );
  t.match(console.out(), `${url}/__faults`);
  t.notMatch(console.out() + console.err(), /hush-hush/);
  t.equal((await fetch(`${url}/__stats`)).status, 200);
  console.signal('SIGINT');
  t.equal(await ended, 0);
  await t.rejects(fetch(`${url}/__stats`), 'nothing listens any more');
});

t.test('a wrong command line is 2, and says what to write', async (t) => {
  for (const [argv, words] of [
    [[], /name one of idp, collibra, collaborate/],
    [['okta'], /name one of idp, collibra, collaborate/],
    [['toString'], /name one of/],
    [['idp', '--users', 'x'], /--users/],
    [['idp', 'extra'], /extra/],
    [['idp', '--lifetime', '0'], /--lifetime: write a whole number from 1/],
    [['idp', '--faults', '{'], /--faults: .*JSON/],
    [['idp', '--faults', '{"revoke":true}'], /--faults: revoke is no fault of this emulator/],
    [['collibra', '--port', '65536'], /--port: write a whole number from 0 to 65535, not "65536"/],
    [['collaborate', '--assertion-in', 'header'], /--assertion-in: write body or query/],
    [['collaborate', '--public-key', 'no-such-file.pem'], /no-such-file.pem cannot be read/],
  ] as const) {
    const console = testConsole(argv);
    t.equal(await emulate(console.context), 2, argv.join(' '));
    t.match(console.err(), words);
    t.match(console.err(), /Usage: bearerd emulate/);
    t.equal(console.out(), '');
  }
});

t.test('help is 0; a port that is taken is 1', async (t) => {
  for (const argv of [['--help'], ['collibra', '--help']]) {
    const console = testConsole(argv);
    t.equal(await emulate(console.context), 0);
    t.match(console.out(), /--jwks-url URL/);
  }
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  // The server listens on TCP, so its address is an object.
  const { port } = server.address() as AddressInfo;
  const console = testConsole(['idp', '--port', String(port)]);
  t.equal(await emulate(console.context), 1);
  t.match(console.err(), /cannot start: .*EADDRINUSE/);
});
