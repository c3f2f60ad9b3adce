import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadConfig } from '../../src/config/load.ts';
import { providers } from '../../src/provider/index.ts';

const example = (name: string): string => readFileSync(join('examples', 'systemd', name), 'utf8');
const all = (text: string, key: string): string[] =>
  [...text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value]) => value ?? '');

t.test('what service, socket and configuration say of each other is true', async (t) => {
  const [service, socket] = [example('bearerd.service'), example('bearerd.socket')];
  const credentials = t.testdir({ 'client-secret': 'x' });
  const sockets = all(socket, 'ListenStream');
  const { config, files } = loadConfig({
    file: join('examples', 'systemd', 'bearerd.yaml'),
    env: { CREDENTIALS_DIRECTORY: credentials, LISTEN_FDS: String(sockets.length) },
    flags: {},
    cwd: process.cwd(),
    home: undefined,
    providers,
  });
  t.match(config.listen, [{ kind: 'fd', fd: 3 }]);
  t.equal(config.listen.length, sockets.length);
  const loaded = all(service, 'LoadCredential').map((words) => join(credentials, words.split(':')[0] ?? ''));
  t.same(
    files.filter((file) => file.startsWith(credentials)),
    loaded,
  );
  t.ok(Number(all(service, 'TimeoutStopSec')[0]) * 1000 > config.drainTimeout);
  const shown = service.replaceAll(/^# {2,}/gm, '');
  for (const file of ['/etc/bearerd/bearerd.yaml', '/etc/bearerd/client-secret']) {
    t.equal(shown.split(file).length, 3, `${file} is installed and used`);
  }
});
