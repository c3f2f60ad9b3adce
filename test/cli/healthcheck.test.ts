import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { buildApp } from '../../src/app.ts';
import { adminPlace, probe } from '../../src/cli/admin-probe.ts';
import { parseCommandLine } from '../../src/cli/command-line.ts';
import { healthcheck } from '../../src/cli/healthcheck.ts';
import { commandEntry } from '../../src/cli/options.ts';
import { wait } from '../../src/cli/wait.ts';
import { systemClock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/load.ts';
import { startIdp } from '../../src/emulator/idp.ts';
import { createLog } from '../../src/log.ts';
import { providers } from '../../src/provider/index.ts';
import { MemoryStream } from '../support/memory-stream.ts';
import { testConsole } from './demo-console.ts';

/** A bearerd with these variables; its token endpoint does not exist unless they name one. */
async function startBearerd(t: Test, variables: Record<string, string>) {
  const env = {
    BEARERD_LISTEN: '0',
    BEARERD_UPSTREAM: 'http://127.0.0.1:9',
    BEARERD_PRESET: 'collibra',
    BEARERD_TOKEN_ENDPOINT: 'http://127.0.0.1:9/token',
    BEARERD_CLIENT_ID: 'my-app',
    BEARERD_CLIENT_SECRET: 'my-secret',
    ...variables,
  };
  const { config } = loadConfig({ env, flags: {}, cwd: t.testdirName, home: undefined, providers });
  const stream = new MemoryStream();
  const log = await createLog({ level: 'silent', format: 'json', color: false, stream, redact: (line) => line });
  const app = await buildApp(config, { clock: systemClock, random: Math.random, log });
  const { admin = '' } = await app.start();
  t.teardown(() => app.stop());
  return { env, admin };
}

/** What a command answers in these surroundings. */
async function asked(command: typeof wait, argv: readonly string[], env: Record<string, string>) {
  const { context, out, err } = testConsole(argv, env);
  const code = await command({ ...context, cwd: '/' });
  return { code, out: out(), err: err() };
}

/** Listens on a port of its own and answers everything with this text. */
async function foreign(t: Test, port: number, body: string): Promise<Server> {
  const server = createServer((_request, response) => response.end(body));
  t.teardown(() => server.close());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}

/** A port that nobody listens on. */
async function freePort(t: Test): Promise<number> {
  const server = await foreign(t, 0, '');
  // A TCP listener's address is never a string.
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

t.test('alive but not ready: the reason is told, and never a secret', async (t) => {
  const port = await freePort(t);
  const { env } = await startBearerd(t, { BEARERD_ADMIN: `0.0.0.0:${port}` });
  t.same(await asked(healthcheck, [], env), { code: 0, out: '', err: '' });
  const { code, err } = await asked(healthcheck, ['--ready'], env);
  t.equal(code, 1);
  t.match(err, /^bearerd healthcheck: 0\.0\.0\.0:\d+ \/readyz: 503: credential default has not obtained a token yet/);
  t.notMatch(err, /my-secret/);
  t.match(await asked(wait, ['--timeout', '1s'], env), { code: 1, err: /not ready after 1s: .* 503/ });
});

t.test('wait ends as soon as it is ready, whichever names the guard lets in', async (t) => {
  const idp = await startIdp({ clients: [{ id: 'my-app', secret: 'my-secret' }] });
  t.teardown(() => idp.close());
  await idp.faults.applyJson('{"status":503,"times":2,"retryAfterSeconds":0}');
  const port = await freePort(t);
  const variables = {
    BEARERD_ADMIN: `127.0.0.1:${port}`,
    BEARERD_TOKEN_ENDPOINT: idp.tokenEndpoint,
    BEARERD_GUARD_ALLOWED_HOSTS: 'bearerd.test',
  };
  const early = asked(wait, ['--timeout=20s'], { BEARERD_ADMIN: `127.0.0.1:${port}` });
  const { env, admin } = await startBearerd(t, variables);
  // readiness needs a token; requests, or the next attempt, bring it
  t.same(await asked(wait, ['--admin', admin.slice('http://'.length)], {}), { code: 0, out: '', err: '' });
  t.match(await early, { code: 0 });
  t.match(await asked(healthcheck, ['--ready'], env), { code: 0, err: '' });
});

t.test('a Unix socket', async (t) => {
  const admin = `unix:${join(t.testdir(), 'admin.sock')}`;
  t.match(await asked(healthcheck, [], { BEARERD_ADMIN: admin }), { code: 1, err: /admin\.sock \/livez: .*ENOENT/ });
  const { env } = await startBearerd(t, { BEARERD_ADMIN: admin });
  t.match(await asked(healthcheck, [], env), { code: 0 });
});

t.test('from a file, which may be in the middle of a mistake', async (t) => {
  const port = await freePort(t);
  await startBearerd(t, { BEARERD_ADMIN: `127.0.0.1:${port}` });
  const folder = t.testdir({
    'good.yaml': `admin: 127.0.0.1:${port}\nupstream: https://a.example\n`,
    'bad.yaml': `admin: 127.0.0.1:\${PORT}\nupstrem: 7\nroutes: 9\n`,
    'broken.yaml': '{',
  });
  t.match(await asked(healthcheck, ['--config', join(folder, 'good.yaml')], {}), { code: 0 });
  t.match(await asked(healthcheck, [], { BEARERD_CONFIG: join(folder, 'bad.yaml'), PORT: `${port}` }), { code: 0 });
  const env = { BEARERD_ADMIN: `127.0.0.1:${port}` };
  t.match(await asked(healthcheck, ['--config', join(folder, 'broken.yaml')], env), { code: 0 });
  t.match(await asked(healthcheck, ['--config', join(folder, 'none.yaml')], env), { code: 0 });
});

t.test('at the default address the first of its ports that answers as bearerd does counts', async (t) => {
  const { context } = testConsole([], {});
  const place = adminPlace({ ...context, cwd: '/' }, parseCommandLine(commandEntry('wait'), []));
  t.same(place, { admin: { kind: 'tcp', host: '127.0.0.1', port: 8081 }, chosen: false, host: 'localhost' });
  const port = await freePort(t);
  await foreign(t, port, '<html>');
  const at = (chosen: boolean) => ({ ...place, chosen, admin: { kind: 'tcp', host: '127.0.0.1', port } as const });
  t.match(await probe(at(true), '/livez', 1000), { ok: false, words: /\/livez: 200/ }, 'a stranger is not bearerd');
  await startBearerd(t, { BEARERD_ADMIN: `127.0.0.1:${port + 1}` });
  t.match(await probe(at(false), '/livez', 1000), { ok: true });
  t.match(await probe(at(true), '/livez', 1000), { ok: false }, 'a chosen address never moves');
});

t.test('a listener that says nothing is not alive', async (t) => {
  const server = createServer(() => {});
  t.teardown(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP listener's address is never a string.
  const { port } = server.address() as AddressInfo;
  const admin = { kind: 'tcp', host: '127.0.0.1', port } as const;
  const answer = await probe({ admin, chosen: true, host: 'localhost' }, '/livez', 100);
  t.match(answer, { ok: false, words: /no answer within 100 ms/ });
  server.closeAllConnections();
});

t.test('what cannot be asked is 1 with a reason, never 2, which Docker keeps for itself', async (t) => {
  for (const [command, argv, env, words] of [
    [healthcheck, [], { BEARERD_ADMIN: 'off' }, /the admin listener is off/],
    [healthcheck, [], { BEARERD_ADMIN: '127.0.0.1:0' }, /port 0/],
    [healthcheck, [], { BEARERD_ADMIN: 'fd:3' }, /admin is fd:3, which only the bearerd that got it can use/],
    [healthcheck, [], { BEARERD_ADMIN: 'nonsense' }, /not an address/],
    [healthcheck, ['--reddy'], {}, /did you mean --ready/],
    [wait, ['--timeout', 'soon'], {}, /--timeout soon is not a duration/],
    [wait, ['--for'], {}, /--for is not an option/],
  ] as const) {
    t.match(await asked(command, argv, { BEARERD_ADMIN: '127.0.0.1:9', ...env }), { code: 1, err: words });
  }
  t.match(await asked(healthcheck, ['--help'], {}), { code: 0, out: /--ready/ });
  t.match(await asked(wait, ['--help'], {}), { code: 0, out: /--timeout DURATION/ });
});
