import { readFileSync } from 'node:fs';
import t from 'tap';
import { sourceFiles } from '../support/source-files.ts';

t.test('docs/logging.md has each event of the log, and no other', async (t) => {
  const page = readFileSync('docs/logging.md', 'utf8');
  const rows = page.match(/^\| `.*/gm) ?? [];
  const documented = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name));
  const written = sourceFiles('src')
    // the audit log is no log of events
    .filter(({ path }) => !path.startsWith('src/emulator/'))
    .flatMap(({ text }) => [...text.matchAll(/\bevent: '(\w+)'/g)].map(([, name]) => name))
    .filter((name) => name !== 'lines_lost');
  t.strictSame([...new Set(documented)].sort(), [...new Set(written)].sort());
});
