import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { families } from '../../src/admin/metric-families.ts';
import { alertRules, alerts } from '../support/alert-rules.ts';
import { type Panel, readDashboard } from '../support/dashboard.ts';
import { namesIn } from '../support/promql.ts';
import { startProxy } from '../support/proxy.ts';

/** Labels that Prometheus adds to whatever it scrapes. */
const scraped = ['job', 'instance'];

/** Metric → its labels: those of the table, and those that a scrape shows besides. */
async function known(): Promise<Map<string, Set<string>>> {
  const found = new Map<string, Set<string>>([['up', new Set(scraped)]]);
  for (const { name, type, labels } of families) {
    const own = [...Object.keys(labels), ...scraped];
    if (type !== 'histogram') found.set(name, new Set(own));
    else
      for (const part of ['sum', 'count', 'bucket'])
        found.set(`${name}_${part}`, new Set(part === 'bucket' ? [...own, 'le'] : own));
  }
  const proxy = await startProxy('http://127.0.0.1:9');
  const page = await (await fetch(`${proxy.adminUrl}/metrics`)).text();
  await proxy.stop();
  for (const [, name = ''] of page.matchAll(/^((?:process|nodejs)_\w+)[ {]/gm)) found.set(name, new Set(scraped));
  return found;
}

/** What is wrong with a query, one sentence each. */
function wrong(query: string, metrics: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const names = namesIn(query);
  const strangers = names.metrics.filter((name) => !metrics.has(name)).map((name) => `there is no metric ${name}`);
  const pairs = [
    ...names.selected,
    ...names.metrics.flatMap((metric) => names.grouped.map((label) => ({ metric, label }))),
  ];
  const labels = pairs.filter(({ metric, label }) => metrics.get(metric)?.has(label) === false);
  const none = names.metrics.length === 0 ? [`no metric in ${query}`] : [];
  return [...strangers, ...labels.map(({ metric, label }) => `${metric} has no label ${label}`), ...none];
}

t.test('mistakes in queries are found', async (t) => {
  const metrics = new Map([
    ['a_total', new Set(['route', 'job'])],
    ['b', new Set(['job'])],
  ]);
  const cases: readonly (readonly [query: string, wrong: readonly string[]])[] = [
    ['sum by (route) (rate(a_total{job=~"x{}|\\"y\\""}[5m])) / 2 > 0.1', []],
    ['a_total', []],
    ['sum by (rout) (rate(a_total[5m]))', ['a_total has no label rout']],
    ['rate(a_totl{route="x"}[5m]) > 1', ['there is no metric a_totl']],
    ['b{route!="x"} or a_total{route=~"y"}', ['b has no label route']],
    ['a_total == 0 and on (route) b', ['b has no label route']],
    ['vector(1)', ['no metric in vector(1)']],
  ];
  for (const [query, expected] of cases) t.same(wrong(query, metrics), expected, query);
});

t.test('every metric and label that dashboard and alerts name exists', async (t) => {
  const metrics = await known();
  const { panels, variables } = readDashboard();
  const queries = panels.flatMap(({ queries }) => queries);
  t.ok(queries.length > 20);
  for (const query of [...queries, ...alerts.map(({ when }) => when)]) t.same(wrong(query, metrics), [], query);
  for (const { metric, label } of variables) t.ok(metrics.get(metric)?.has(label), `label_values(${metric}, ${label})`);
  const legends = panels.flatMap(({ queries, legends }) => legends.map((label) => ({ label, queries })));
  for (const { label, queries } of legends) {
    const shown = queries.some((query) => {
      const { grouped, metrics: used } = namesIn(query);
      return grouped.length > 0 ? grouped.includes(label) : used.some((metric) => metrics.get(metric)?.has(label));
    });
    t.ok(shown, `{{${label}}} is a label of ${queries.join(' and ')}`);
  }
  const shown = new Set(queries.flatMap((query) => namesIn(query).metrics.map((name) => name.replace(/_bucket$/, ''))));
  // these two say with a time what others say with a duration or a number
  const left = new Set([
    'bearerd_token_expiry_timestamp_seconds',
    'bearerd_config_in_force_timestamp_seconds',
    'bearerd_config_reloads_total',
  ]);
  t.same(
    families.map(({ name }) => name).filter((name) => !shown.has(name) && !left.has(name)),
    [],
    'the dashboard shows every metric',
  );
});

t.test('panels have ids of their own and do not overlap', async (t) => {
  const { panels } = readDashboard();
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const over = (one: Panel, other: Panel): boolean =>
    one.x < other.x + other.w && other.x < one.x + one.w && one.y < other.y + other.h && other.y < one.y + one.h;
  for (const [at, one] of panels.entries()) {
    t.ok(one.x + one.w <= 24, one.title);
    t.same(
      panels.slice(at + 1).filter((other) => over(one, other)),
      [],
      one.title,
    );
  }
});

t.test('examples/grafana/alerts.yaml is what the table says; npm run reference writes it', async (t) => {
  t.equal(readFileSync(join('examples', 'grafana', 'alerts.yaml'), 'utf8'), alertRules());
  t.equal(new Set(alerts.map(({ name }) => name)).size, alerts.length, 'no name twice');
});
