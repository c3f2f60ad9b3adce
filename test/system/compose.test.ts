import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { repository } from '../support/bearerd-process.ts';
import { builtImage, eventually, mustPodman, podman, podmanScript } from './support/containers.ts';
import { must, program } from './support/program.ts';

t.setTimeout(900_000);

const folder = join(repository, 'examples', 'compose');

/** A port of this machine that nobody listens on. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

t.test('both files are valid, and the real one says which variables it needs', async (t) => {
  const check = (file: string, env: Record<string, string> = {}) =>
    program('docker-compose', ['-f', join(folder, file), 'config', '-q'], { env });
  t.match(await check('compose.yaml'), { code: 0 });
  const real = {
    COLLIBRA_URL: 'https://acme.collibra.com',
    TOKEN_ENDPOINT: 'https://idp.example.com/oauth2/token',
    CLIENT_ID: 'my-app',
  };
  t.match(await check('compose.real.yaml', real), { code: 0 });
  for (const name of Object.keys(real)) {
    const { code, stderr } = await check('compose.real.yaml', { ...real, [name]: '' });
    t.equal(code, 1);
    t.match(stderr, `set ${name}`);
  }
});

t.test('the legacy app gets its 200s while tokens, keys and the identity provider change', async (t) => {
  const image = await builtImage();
  const port = await freePort();
  const project = `bearerd-${randomBytes(3).toString('hex')}`;
  const env = { BEARERD_IMAGE: image, BEARERD_PORT: String(port), INTERVAL_MS: '50' };
  const compose = (...words: string[]) =>
    must('podman-compose', ['--podman-path', podmanScript, '-p', project, '-f', 'compose.yaml', ...words], {
      cwd: folder,
      env,
      timeoutMs: 180_000,
    });
  const container = (service: string) => `${project}_${service}_1`;
  const inside = (service: string, ...words: string[]) => podman(['exec', container(service), ...words]);
  t.teardown(async () => {
    if (!t.passing()) t.comment((await podman(['logs', container('bearerd')])).stderr);
    for (const service of ['legacy-app', 'bearerd', 'collibra', 'idp']) {
      await podman(['rm', '-f', '-t', '0', container(service)]);
    }
    await compose('down').catch(() => undefined);
    await podman(['network', 'rm', '-f', `${project}_default`]);
  });

  await compose('up', '-d');
  const waited = await inside('bearerd', 'bearerd', 'wait', '--timeout', '60s');
  t.same(waited.code, 0, `bearerd wait ${waited.stderr}`);
  t.equal((await inside('bearerd', 'bearerd', 'healthcheck', '--ready')).code, 0, 'the check of the compose file');

  const lines = async (): Promise<string[]> => (await mustPodman(['logs', container('legacy-app')])).split('\n');
  const from = (await eventually(lines, (said) => said.at(-1)?.startsWith('ok') === true, 'a first 200')).length;
  const more = async (count: number, when: string): Promise<void> => {
    const start = (await lines()).length;
    const said = await eventually(lines, (now) => now.length >= start + count, `${count} answers ${when}`);
    t.same(
      said.slice(from).filter((line) => !line.startsWith('ok 200')),
      [],
      `no failed request ${when}`,
    );
  };
  const fetchInside = (script: string) => inside('collibra', '/nodejs/bin/node', '-e', script);
  const fault = async (service: string, change: object): Promise<void> => {
    const options = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(change) };
    const url = `http://${service}:8090/__faults`;
    const script = `fetch(${JSON.stringify(url)}, ${JSON.stringify(options)}).then((r) => process.exit(r.ok ? 0 : 1))`;
    t.match(await fetchInside(script), { code: 0 }, `${service}: ${JSON.stringify(change)}`);
  };
  const tokenRequests = async (): Promise<number> => {
    const script = 'fetch("http://idp:8090/__stats").then((r) => r.json()).then((s) => console.log(s.tokenRequests))';
    const { code, stdout, stderr } = await fetchInside(script);
    if (code !== 0) throw new Error(stderr);
    return Number(stdout);
  };

  t.match(
    await (await fetch(`http://127.0.0.1:${port}/rest/2.0/communities`)).json(),
    { total: 1 },
    'from this machine',
  );
  await more(10, 'at first');
  await fault('collibra', { expire: true });
  await more(10, 'after the token was treated as expired');
  await fault('idp', { rotateKeys: true });
  await fault('collibra', { revoke: true });
  await more(10, 'after keys and token were withdrawn');
  t.ok((await tokenRequests()) >= 3, 'a new token each time');

  await mustPodman(['restart', '-t', '10', container('idp')]);
  await eventually(tokenRequests, () => true, 'the identity provider');
  await more(10, 'after the identity provider was restarted');
  await fault('collibra', { revoke: true });
  await more(10, 'after the token of its former life was withdrawn');
  t.ok((await tokenRequests()) >= 1, 'a new token from the restarted one');

  const exitCode = (service: string) => mustPodman(['inspect', container(service), '--format', '{{.State.ExitCode}}']);
  await mustPodman(['stop', '-t', '20', container('legacy-app')]);
  t.match(await lines(), /asked \d+ times/);
  for (const service of ['bearerd', 'collibra', 'idp']) {
    await mustPodman(['stop', '-t', '20', container(service)]);
    t.equal(await exitCode(service), '0', `${service} stops when asked`);
  }
});
