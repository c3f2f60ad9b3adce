import { readFileSync } from 'node:fs';
import t from 'tap';
import { type Exceptions, rooms, violations } from './support/architecture-rules.ts';
import { sourceFiles } from './support/source-files.ts';

const exceptions: Exceptions = {
  long: {
    'src/config/schema.ts': 'a table: every option with its default and its sentence for the reference',
    'src/admin/metric-families.ts': 'a table: every metric with its sentence for the reference and its alert',
    'src/errors.ts': 'a table: every error with its status, its words and what to do',
  },
  fileSystem: {
    'src/config/secret.ts': 'the only reader of secrets',
    'src/config/watch.ts': 'compares hashes of files to see a change; keeps no content',
    'src/config/program.ts': 'runs the command of a credential',
    'src/config/replace-file.ts': 'stores a rotated refresh token',
    'src/token-cache/file-store.ts': 'keeps encrypted tokens for the next start',
    'src/config/find-file.ts': 'finds and reads the configuration file',
    'src/config/option/certificate.ts': 'reads certificates, which are no secrets',
    'src/cli/demo-proxy.ts': "writes the demo's configuration into a folder of its own and removes it",
    'src/cli/init.ts': 'writes the starter file',
    'src/cli/exec.ts': 'starts the program that it was asked to run',
    'src/cli/emulated-services.ts': 'reads the public key that an emulator verifies with',
    'src/inbound/audit-sink.ts': 'appends lines to the audit log',
    'src/admin/page-files.ts': 'reads the files of the status page, which lie beside it',
    'src/inbound/address.ts': 'gives a Unix socket its mode and removes a dead one',
  },
};

t.test('the invariants of docs/architecture.md hold', async (t) => {
  const files = sourceFiles('src');
  t.ok(files.length > 50, 'the sources are there');
  t.strictSame(violations(files, exceptions), []);
});

t.test('the table of docs/architecture.md is the one that is enforced', async (t) => {
  const page = readFileSync('docs/architecture.md', 'utf8');
  const ground = ['errors', 'clock', 'log'];
  const drawn = new Map<string, readonly string[]>();
  for (const [, who = '', what = ''] of page.matchAll(/^\| ([a-z, -]+) \| (.+) \|$/gm)) {
    const words = what.replace(/\(.*?\)/g, '').split(/[, ]+/);
    for (const room of who.split(', '))
      drawn.set(
        room,
        words.filter((word) => word in rooms),
      );
  }
  for (const [room, allowed] of Object.entries(rooms)) {
    if (ground.includes(room)) continue;
    t.strictSame(
      drawn.get(room),
      allowed.filter((name) => !ground.includes(name)),
      room,
    );
  }
});
