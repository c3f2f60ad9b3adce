import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { stringify } from 'yaml';
import { repository } from '../support/bearerd-process.ts';
import { readDashboard } from '../support/dashboard.ts';
import { program } from './support/program.ts';

// Issue 9: alert rules and queries, verified by Prometheus's own tool.

t.test('promtool check rules: the alerts', async (t) => {
  const checked = await program('promtool', ['check', 'rules', join(repository, 'examples', 'grafana', 'alerts.yaml')]);
  t.match(checked, { code: 0, stdout: /SUCCESS: \d\d rules found/ });
});

t.test('promtool check rules: every query of the dashboard is PromQL', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'bearerd-promql-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const queries = readDashboard().panels.flatMap((panel) => panel.queries);
  const check = (all: readonly string[]) => {
    const rules = all.map((expr, index) => ({ record: `query_${index}`, expr }));
    const file = join(folder, 'queries.yaml');
    writeFileSync(file, stringify({ groups: [{ name: 'dashboard', rules }] }));
    return program('promtool', ['check', 'rules', file]);
  };
  t.match(await check(queries), { code: 0, stdout: new RegExp(`SUCCESS: ${queries.length} rules found`) });
  t.not((await check([...queries, 'sum by (route (x)'])).code, 0, 'a mistake would be seen');
});
