import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A panel of examples/grafana/dashboard.json. */
export interface Panel {
  readonly id: number;
  readonly title: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  /** In PromQL, with Grafana's variables replaced by values. */
  readonly queries: readonly string[];
  /** Labels that the legends name. */
  readonly legends: readonly string[];
}

/** The dashboard as tests look at it. */
export interface Dashboard {
  readonly panels: readonly Panel[];
  /** What the variables list: label_values(metric, label). */
  readonly variables: readonly { readonly metric: string; readonly label: string }[];
}

/** As far as this file reads it. */
interface Written {
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly gridPos: Pick<Panel, 'x' | 'y' | 'w' | 'h'>;
    readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
  readonly templating: {
    readonly list: readonly { readonly type: string; readonly query: string | { readonly query: string } }[];
  };
}

/** Reads it. Tests run from the root of the project. */
export function readDashboard(): Dashboard {
  const written: Written = JSON.parse(readFileSync(join('examples', 'grafana', 'dashboard.json'), 'utf8'));
  const panels = written.panels.map(({ id, title, gridPos, targets = [] }) => ({
    id,
    title,
    ...gridPos,
    queries: targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$\w+/g, '.*')),
    legends: targets.flatMap(({ legendFormat }) =>
      [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label),
    ),
  }));
  const variables = written.templating.list.flatMap(({ query }) => {
    const [, metric = '', label = ''] =
      /^label_values\((\w+), (\w+)\)$/.exec(typeof query === 'string' ? '' : query.query) ?? [];
    return metric === '' ? [] : [{ metric, label }];
  });
  return { panels, variables };
}
