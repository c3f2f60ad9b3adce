import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { exec } from '../../src/cli/exec.ts';
import { startCollibra } from '../../src/emulator/collibra.ts';
import { startIdp } from '../../src/emulator/idp.ts';
import { testConsole } from './demo-console.ts';

const main = join('build', 'src', 'main.js');
const secret = 'a-secret-of-this-test';

/** `bearerd exec` as users run it. */
function start(words: readonly string[], env: Record<string, string>) {
  const child = spawn(process.execPath, [main, 'exec', ...words], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    texts.out += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    texts.err += String(chunk);
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...texts }));
  return { child, ended, texts };
}

/** Emulators, and the variables that lead to them. */
async function world(t: Test): Promise<Record<string, string>> {
  const idp = await startIdp({ clients: [{ id: 'my-app', secret }] });
  const collibra = await startCollibra({ jwksUrl: idp.jwksUrl, issuer: idp.issuer, audience: 'collibra' });
  t.teardown(() => Promise.all([idp.close(), collibra.close()]));
  return {
    BEARERD_UPSTREAM: collibra.url,
    BEARERD_PRESET: 'collibra',
    BEARERD_TOKEN_ENDPOINT: idp.tokenEndpoint,
    BEARERD_CLIENT_ID: 'my-app',
    BEARERD_CLIENT_SECRET: secret,
  };
}

t.test('a program gets an address, no secret, and a clean stdout; its exit code is the exit code', async (t) => {
  const env = await world(t);
  const script =
    'curl -sf "$BEARERD_URL/rest/2.0/communities" && echo && echo "secret:$BEARERD_CLIENT_SECRET" && test "$BEARERD_URL" = "$BEARERD_URL_COLLIBRA" && exit 7';
  const { code, out, err } = await start(['--', 'sh', '-c', script], env).ended;
  t.equal(err, '');
  t.equal(code, 7);
  const [body = '', rest] = out.split('\n');
  t.type(JSON.parse(body).results, Array);
  t.equal(rest, 'secret:');
});

t.test("a file's address and log level are for the service, its routes are for everybody", async (t) => {
  const env = await world(t);
  const folder = t.testdir({
    'bearerd.yaml': `listen: 0.0.0.0:8080
admin: 0.0.0.0:8081
log: { level: info, format: json }
guard: { allowedHosts: [bearerd] }
routes:
  - { name: my-api, path: /a, upstream: "${env['BEARERD_UPSTREAM']}", credential: idp }
  - { name: own, path: /, listen: "0.0.0.0:9001", upstream: "${env['BEARERD_UPSTREAM']}", credential: idp }
  - { name: other, path: /b/c, upstream: "${env['BEARERD_UPSTREAM']}", credential: idp }
credentials:
  idp: { tokenEndpoint: "${env['BEARERD_TOKEN_ENDPOINT']}", clientId: my-app, clientSecret: { env: SECRET } }
`,
  });
  const words = (script: string, ...flags: string[]) => [
    '--config',
    join(folder, 'bearerd.yaml'),
    ...flags,
    '--',
    'sh',
    '-c',
    script,
  ];
  const script = 'curl -sf -o /dev/null "$BEARERD_URL_MY_API/rest/2.0/communities" && env | grep ^BEARERD_URL | sort';
  const { code, out, err } = await start(words(script), { SECRET: secret }).ended;
  t.equal(err, '');
  t.equal(code, 0);
  t.match(
    out.replaceAll(/127\.0\.0\.1:\d+/g, 'HERE'),
    'BEARERD_URL=http://HERE\nBEARERD_URL_MY_API=http://HERE/a\nBEARERD_URL_OTHER=http://HERE/b/c\nBEARERD_URL_OWN=http://HERE\n',
  );
  t.notMatch(out, /:8080|:8081|:9001/);
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(out)?.[1];
  t.not(value('BEARERD_URL_OWN'), value('BEARERD_URL'), 'a route with its own address has one here too');
  t.match(await start(words('curl -s "$BEARERD_URL/b/c/x"', '--log-level=info'), { SECRET: secret }).ended, {
    code: 0,
    err: /"event":"/,
  });
});

t.test('an HTTP proxy of the environment is not asked for loopback', async (t) => {
  const env = { ...(await world(t)), http_proxy: 'http://127.0.0.1:9', NO_PROXY: 'intranet', no_proxy: '' };
  const { code, out } = await start(['--', 'sh', '-c', 'echo $no_proxy $NO_PROXY; curl -sf $BEARERD_URL/x'], env).ended;
  t.equal(out.split('\n')[0], 'intranet,127.0.0.1 intranet,127.0.0.1');
  t.equal(code, 22, 'curl got an answer: 404 from the API');
});

t.test('signals go to the program, whose end is the end', async (t) => {
  const env = await world(t);
  const node = (script: string) => ['--', process.execPath, '-e', script];
  for (const [signal, twice] of [
    ['SIGTERM', false],
    ['SIGINT', true],
    ['SIGHUP', true],
  ] as const) {
    const script = `let n = 0; setInterval(() => {}, 1000);
process.on('${signal}', () => { console.log(++n); if (n === ${twice ? 2 : 1}) process.exit(40 + n); }); console.log('up')`;
    const { child, ended, texts } = start(node(script), env);
    const says = async (text: string) => {
      while (!texts.out.includes(text)) await once(child.stdout, 'data');
    };
    await says('up');
    child.kill(signal);
    if (twice) {
      await says('1');
      child.kill(signal);
    }
    t.match(await ended, { code: twice ? 42 : 41, signal: null, err: '' }, signal);
  }
  const { child, ended } = start(['--', 'sh', '-c', 'echo up; exec sleep 30'], env);
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  t.match(await ended, { code: 128 + 15 }, 'a program that a signal ends');
});

t.test('2 as long as the program has not been started', async (t) => {
  const env = await world(t);
  const file = join(
    t.testdir({
      'two.yaml': `routes:
  - { name: a-b, path: /1, upstream: "https://a.example", credential: c }
  - { name: a.b, path: /2, upstream: "https://a.example", credential: c }
credentials: { c: { provider: static, token: abcdefgh } }
`,
    }),
    'two.yaml',
  );
  for (const [argv, variables, words] of [
    [[], env, /no program to run; write bearerd exec -- CMD ARG/],
    [['--'], env, /no program to run/],
    [['curl'], env, /'curl' is one word too many; exec takes/],
    [['--listen', '1', '--', 'true'], env, /--listen is not an option of exec/],
    [['--', 'true'], {}, /upstream/],
    [['--', './no-such-program'], env, /cannot start \.\/no-such-program: .*ENOENT/],
    [['--config', file, '--', 'true'], {}, /two routes have the same BEARERD_URL_<NAME>/],
  ] as const) {
    const { context, err } = testConsole(argv, variables);
    t.equal(await exec({ ...context, cwd: '/' }), 2, argv.join(' '));
    t.match(err(), words);
  }
  const { context, out } = testConsole(['--help']);
  t.equal(await exec(context), 0);
  t.match(out(), /Usage: bearerd exec \[OPTION…\] -- CMD ARG…/);
});
