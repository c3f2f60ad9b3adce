import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { BearerdProcess, binary, repository } from '../support/bearerd-process.ts';
import { startRotatingEndpoint } from '../support/token-endpoint.ts';
import { startUpstream } from '../support/upstream.ts';
import { program } from './support/program.ts';

// Issue 9: the units are checked by systemd's own tools, and bearerd is started by systemd's own socket activation.

const example = (name: string): string => readFileSync(join(repository, 'examples', 'systemd', name), 'utf8');
const service = example('bearerd.service');

/** Both units in a folder of their own, with a program that is there: verify looks for it. */
function units(t: Test, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'bearerd-units-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'bearerd.service'), text.replace('/usr/local/bin/bearerd', process.execPath));
  writeFileSync(join(folder, 'bearerd.socket'), example('bearerd.socket'));
  return folder;
}

t.test('systemd-analyze verify finds nothing, and would find a mistake', async (t) => {
  const verify = (text: string) =>
    program('systemd-analyze', ['verify', './bearerd.service', './bearerd.socket'], { cwd: units(t, text) });
  t.match(await verify(service), { code: 0, stdout: '', stderr: '' });
  t.match((await verify(service.replace('ProtectHome', 'ProtectHom'))).stderr, /Unknown key.* 'ProtectHom'/);
});

t.test('systemd-analyze security: an exposure of at most 1.5 of 10', async (t) => {
  const words = ['security', '--offline=yes', '--threshold=15', '--no-pager', './bearerd.service'];
  const judged = await program('systemd-analyze', words, { cwd: units(t, service) });
  t.equal(judged.code, 0, judged.stdout);
  const open = service.replace(/^(Protect|Private|Restrict|System)[A-Za-z]+=.*$/gm, '');
  t.not((await program('systemd-analyze', words, { cwd: units(t, open) })).code, 0, 'without the settings it fails');
});

t.test('socket activation: the first connection starts bearerd with the configuration of the example', async (t) => {
  const upstream = await startUpstream((_seen, response) => response.end('reached'));
  t.teardown(upstream.close);
  const idp = await startRotatingEndpoint(3600, 'the-secret');
  t.teardown(idp.close);
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'bearerd-activated-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'client-secret'), 'the-secret\n');
  const config = join(repository, 'examples', 'systemd', 'bearerd.yaml');
  const env = {
    CREDENTIALS_DIRECTORY: folder,
    BEARERD_ADMIN: '127.0.0.1:0',
    BEARERD_UPSTREAM: upstream.url,
    BEARERD_TOKEN_ENDPOINT: idp.url,
  };
  const names = Object.keys(env).flatMap((name) => ['-E', name]);
  const words = ['-l', `127.0.0.1:${port}`, ...names, process.execPath, binary, 'run', '--config', config];
  const activated = new BearerdProcess({ command: ['systemd-socket-activate', ...words], words: [], env });
  t.teardown(() => activated.stop('SIGKILL'));
  await activated.until(() => activated.stderr.includes('Listening on'), 'the socket');
  t.equal(activated.stdout, '', 'bearerd is not running yet');
  const answer = await fetch(`http://127.0.0.1:${port}/rest/2.0/communities`);
  t.equal(await answer.text(), 'reached');
  t.match(activated.stdout, `bearerd listens on http://127.0.0.1:${port}\n`);
  t.same(await activated.stop(), { code: 0, signal: undefined });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
