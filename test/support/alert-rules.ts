import { stringify } from 'yaml';
import { type Alert, families } from '../../src/admin/metric-families.ts';

/** What is known of the process and the scrape, which no metric of bearerd's own tells. */
const aroundIt: readonly Alert[] = [
  {
    name: 'BearerdLate',
    severity: 'warning',
    lasting: '5m',
    when: 'nodejs_eventloop_lag_p99_seconds{job="bearerd"} > 0.1',
    means: 'The process is short of processor time, or something blocks it: every request waits as long.',
  },
  {
    name: 'BearerdDown',
    severity: 'critical',
    lasting: '2m',
    when: 'up{job="bearerd"} == 0',
    means:
      'The scraper does not reach the admin listener: it is off, bearerd is gone, or the name is not in guard.allowedHosts.',
  },
];

/** Every alert, in the order of the metrics. */
export const alerts: readonly Alert[] = [
  ...families.flatMap(({ alert }) => (alert === undefined ? [] : [alert])),
  ...aroundIt,
];

/** examples/grafana/alerts.yaml: rules for Prometheus, made from the table of metrics so that the two cannot differ. */
export function alertRules(): string {
  const rules = alerts.map(({ name, severity, lasting, when, means }) => ({
    alert: name,
    expr: when,
    for: lasting,
    labels: { severity },
    annotations: { summary: means },
  }));
  const head = `# Alert rules for Prometheus; see docs/metrics.md.
# Made from src/admin/metric-families.ts by \`npm run reference\`; a test compares the two.
`;
  return `${head}${stringify({ groups: [{ name: 'bearerd', rules }] }, { lineWidth: 0 })}`;
}
