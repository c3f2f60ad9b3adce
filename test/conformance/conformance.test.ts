import { readFileSync } from 'node:fs';
import t from 'tap';
import { topics } from './all-cases.ts';
import { RawUpstream } from './raw-upstream.ts';
import { runCase } from './run-case.ts';
import { startBearerdSubject } from './subject.ts';

const upstream = await new RawUpstream().start();
const subject = await startBearerdSubject(upstream.port);
t.teardown(async () => {
  await subject.stop();
  await upstream.close();
});

t.test('every case has an id of its own, and there are at least 150', async (t) => {
  const ids = topics.flatMap(([, cases]) => cases.map(({ id }) => id));
  t.equal(new Set(ids).size, ids.length);
  t.ok(ids.length >= 150, `${ids.length} cases`);
});

t.test('docs/conformance.md has every case as it stands', async (t) => {
  const page = readFileSync('docs/conformance.md', 'utf8');
  const rows = new Map(
    [...page.matchAll(/^\| ([A-Z][0-9]+)(?: ¹)? \| .* \| (.*?) \| .*? \| .*? \|$/gm)].map((row) => [row[1], row[2]]),
  );
  for (const { id } of topics.flatMap(([, cases]) => cases)) t.equal(rows.get(id), '✓', `${id}, bearerd`);
  t.equal(
    rows.size,
    topics.flatMap(([, cases]) => cases).length,
    'no case that is gone; npm run conformance writes it',
  );
});

for (const [topic, cases] of topics) {
  t.test(topic, async (t) => {
    for (const one of cases) {
      const { faults } = await runCase(one, subject.port, upstream);
      t.strictSame(faults, [], `${one.id} ${one.title} (${one.source})`);
    }
  });
}
