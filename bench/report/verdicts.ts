import { bars, verdict } from '../bars.ts';
import type { Findings, Table } from '../findings.ts';

/** The bars that were measured, as a table; the last column says which bar a figure keeps or breaks. */
export function verdictTable({ ratios }: Findings): Table {
  const rows = bars.flatMap((bar) => {
    const ratio = ratios.get(bar.id);
    if (ratio === undefined) return [];
    return [[bar.measure, ratio.toFixed(2), `≤ ${bar.must}`, `≤ ${bar.goal}`, verdict(bar, ratio)]];
  });
  return { title: 'Bars', head: ['measure', 'measured', 'must', 'goal', 'kept'], rows };
}

/** The measures whose `must` is broken. */
export function broken({ ratios }: Findings): string[] {
  return bars.flatMap((bar) => (verdict(bar, ratios.get(bar.id) ?? 0) === 'BROKEN' ? [bar.measure] : []));
}
