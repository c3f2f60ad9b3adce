import { readFileSync } from 'node:fs';
import t from 'tap';
import { families } from '../../src/admin/metric-families.ts';
import { metricsPage } from '../support/metrics-page.ts';

t.test('docs/metrics.md is what the table says; npm run reference writes it', async (t) => {
  t.equal(readFileSync('docs/metrics.md', 'utf8'), metricsPage());
});

t.test('every metric that an alert names is in the table', async (t) => {
  const known = new Set(families.flatMap(({ name }) => [name, `${name}_bucket`, `${name}_count`, `${name}_sum`]));
  for (const { name, alert } of families) {
    for (const used of alert?.when.match(/bearerd_\w+/g) ?? []) t.ok(known.has(used), `${name}: ${used}`);
  }
});
