import { type Family, families } from '../../src/admin/metric-families.ts';
import { alerts } from './alert-rules.ts';

/** docs/metrics.md, made from the table of metrics so that the two cannot differ. */
export function metricsPage(): string {
  return `# Metrics

<!-- Made from src/admin/metric-families.ts by \`npm run reference\`; a test compares the two. -->

\`GET /metrics\` of the admin listener (\`http://127.0.0.1:8081\` by default) answers in the Prometheus text format. The guard
of the proxy stands before it too: a scraper has to call it by a name of \`guard.allowedHosts\`, so where Prometheus uses
the address of a pod or the name of a service, write that name there.

Every label has a bounded set of values: names from the configuration, codes and classes from tables in the program.
Nothing that a caller sends becomes a label. A route or credential that a reload takes out takes its series with it.

Durations are histograms with bounds from 1 ms to 5 min. \`bearerd_request_duration_seconds\` runs to the last byte of the
answer, so a slow reader or a long download counts; \`bearerd_upstream_duration_seconds\` is the wait for the head of the API's
answer; \`bearerd_added_duration_seconds\` is what bearerd itself takes before that head reaches the caller.

## Metrics

| name | type | labels | meaning |
|---|---|---|---|
${families.map(row).join('\n')}

Besides these there are the usual process metrics of \`prom-client\`, of which three are worth a look:
\`nodejs_eventloop_lag_p99_seconds\` (how late the one thread of the process is; measured from the first scrape on),
\`process_resident_memory_bytes\` and \`process_open_fds\`.

## What to alert on

| alert | when | it means |
|---|---|---|
${alerts.map(({ name, when, means }) => `| ${name} | \`${cell(when)}\` | ${means} |`).join('\n')}

[examples/grafana/alerts.yaml](../examples/grafana/alerts.yaml) has the same as rules for Prometheus, made from the same table, and
[dashboard.json](../examples/grafana/dashboard.json) is a dashboard for Grafana (Dashboards → Import). Both take it that Prometheus
scrapes bearerd under \`job="bearerd"\`. Tests check every metric and label that they name, and \`promtool\` the syntax of every query.

The thresholds are starting points for a proxy with steady traffic, not measurements of yours.
`;
}

function row({ name, type, labels, help }: Family): string {
  const names = Object.entries(labels).map(([label, values]) => `\`${label}\` (${values})`);
  return `| \`${name}\` | ${type} | ${cell(names.join('; '))} | ${cell(help)} |`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
