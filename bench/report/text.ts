import type { Table } from '../findings.ts';

/** A table for a terminal, its columns under each other. */
export function plainTable({ title, head, rows, note }: Table): string {
  const widths = head.map((cell, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? cell).length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  const end = note === undefined ? [] : [note];
  return `\n${[title, line(head), ...rows.map(line), ...end].join('\n')}\n`;
}

/** The same as Markdown. */
export function markdownTable({ title, head, rows, note }: Table): string {
  const line = (row: readonly string[]): string => `| ${row.join(' | ')} |`;
  const rule = line(head.map((_cell, column) => (column === 0 ? '---' : '---:')));
  const end = note === undefined ? [] : ['', note];
  return [`### ${title}`, '', line(head), rule, ...rows.map(line), ...end, ''].join('\n');
}
