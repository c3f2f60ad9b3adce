import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { startBearerd } from '../support/bearerd-process.ts';
import { loopback } from '../support/certificates.ts';
import { startTcp } from '../support/tcp.ts';
import { startUpstream } from '../support/upstream.ts';

// What docs/security.md says about the switches of Node itself.

const secrets = { file: 'the-secret-in-a-file', variable: 'the-secret-in-a-variable', token: 'the-token-of-the-test' };
const upstream = await startUpstream();
const idp = await startUpstream((_seen, response) => {
  response.setHeader('Content-Type', 'application/json').end(`{"access_token":"${secrets.token}","expires_in":300}`);
});
t.teardown(() => Promise.all([upstream.close(), idp.close()]));

const client = { tokenEndpoint: `${idp.url}/token`, clientId: 'me' };
const config = {
  log: { level: 'trace', format: 'json' },
  routes: [
    { path: '/a', upstream: upstream.url, credential: 'file' },
    { path: '/b', upstream: upstream.url, credential: 'variable' },
  ],
  credentials: {
    file: { ...client, clientSecret: { file: './secret' } },
    variable: { ...client, scope: 'x', clientSecret: { env: 'SECRET' } },
  },
};

async function start(env: Readonly<Record<string, string>>) {
  const bearerd = await startBearerd({
    config,
    files: { secret: secrets.file },
    env: { SECRET: secrets.variable, ...env },
  });
  t.teardown(() => bearerd.stop('SIGKILL'));
  for (const path of ['/a', '/b']) t.equal((await fetch(bearerd.url + path, { method: 'POST' })).status, 200);
  return bearerd;
}

t.jobs = 3;

t.test('NODE_DEBUG=*: no secret and no token', async (t) => {
  const bearerd = await start({ NODE_DEBUG: '*' });
  t.match(bearerd.stderr, /^NET \d+: /m, 'the switch works');
  for (const secret of Object.values(secrets)) {
    t.notMatch(bearerd.output, secret);
    t.notMatch(bearerd.output, Buffer.from(`me:${secret}`).toString('base64'));
  }
  await bearerd.stop();
});

t.test('a diagnostic report has the variables, and no secret of a file', async (t) => {
  const bearerd = await start({ NODE_OPTIONS: '--report-on-signal --report-signal=SIGUSR2 --report-filename=report' });
  bearerd.send('SIGUSR2');
  await bearerd.until(() => /Node.js report completed/.test(bearerd.stderr), 'the report');
  t.ok(readdirSync(bearerd.folder).includes('report'));
  const report = readFileSync(join(bearerd.folder, 'report'), 'utf8');
  t.match(report, secrets.variable);
  t.notMatch(report, secrets.file);
  t.notMatch(report, secrets.token);
  await bearerd.stop();
});

t.test('NODE_TLS_REJECT_UNAUTHORIZED=0 changes nothing', async (t) => {
  const stranger = await startTcp((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), loopback);
  t.teardown(stranger.close);
  const bearerd = await startBearerd({
    config: {
      routes: [
        { path: '/a', upstream: stranger.url, credential: 'static' },
        { path: '/b', upstream: upstream.url, credential: 'client' },
      ],
      credentials: {
        static: { provider: 'static', token: secrets.token },
        client: { tokenEndpoint: stranger.url, clientId: 'me', clientSecret: secrets.file },
      },
    },
    env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
  });
  t.teardown(() => bearerd.stop('SIGKILL'));
  t.match(await (await fetch(`${bearerd.url}/a`)).json(), { code: 'BEARERD_UPSTREAM_CERTIFICATE' });
  t.match(await (await fetch(`${bearerd.url}/b`)).json(), { detail: /certificate that is not trusted/ });
  t.equal(stranger.connections, 0, 'no handshake came to its end');
});
