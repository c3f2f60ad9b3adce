import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { catalog } from '../../src/errors.ts';
import { clientMistakes } from '../doctor/client-mistakes.ts';
import { tokenMistakes } from '../doctor/token-mistakes.ts';
import { wayMistakes } from '../doctor/way-mistakes.ts';

// Each entry of docs/troubleshooting.md is something that a test has set up and seen: a case of the doctor, or a test that
// the entry names.

const page = readFileSync('docs/troubleshooting.md', 'utf8');
const cases = new Map([...tokenMistakes, ...clientMistakes, ...wayMistakes].map((one) => [one.name, one]));

t.test('one entry per error code, and each names the case that shows it', async (t) => {
  const rows = [...page.matchAll(/^\| \[(BEARERD_\w+)\]\(errors\.md#(\w+)\) \|.*<!-- case: (.+?) --> \|$/gm)];
  t.same(
    rows.map(([, code]) => code),
    Object.keys(catalog),
    'in the order of the catalog',
  );
  for (const [, code = '', anchor, named = ''] of rows) {
    t.equal(anchor, code.toLowerCase());
    const [, file, title = ''] = /^(test\/\S+\.test\.ts): (.+)$/.exec(named) ?? [];
    if (file === undefined) t.ok(cases.has(named), `${code}: ${named}`);
    else t.ok(existsSync(file) && readFileSync(file, 'utf8').includes(title), `${code}: ${named}`);
  }
});

t.test('one entry per misconfiguration, with the name of its finding', async (t) => {
  const entries = new Map(
    page
      .split(/^### /m)
      .slice(1)
      .map((entry) => [entry.split('\n', 1)[0] ?? '', entry]),
  );
  t.same([...entries.keys()].sort(), [...cases.keys()].sort());
  for (const [name, { finding }] of cases) t.match(entries.get(name), `\`${finding}\``, name);
});
