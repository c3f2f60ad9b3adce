import { existsSync } from 'node:fs';

/** A row of the tables of docs/security.md. */
export interface ThreatRow {
  readonly line: number;
  /** Number of a threat; undefined = a mistake of others. */
  readonly threat: number | undefined;
  /** CVE and GHSA numbers. */
  readonly advisories: readonly string[];
  /** Test files in its last cell. */
  readonly tests: readonly string[];
}

/** CVE and GHSA numbers of a text. */
export function advisoriesOf(text: string): string[] {
  return text.match(/\b(?:CVE-\d{4}-\d{4,}|GHSA(?:-[0-9a-z]{4}){3})\b/g) ?? [];
}

/** The rows whose last column is "shown by". */
export function threatRows(page: string): ThreatRow[] {
  const rows: ThreatRow[] = [];
  let within = false;
  for (const [index, text] of page.split('\n').entries()) {
    if (!text.startsWith('|')) within = false;
    else if (text.endsWith('| shown by |')) within = true;
    else if (within && !/^\|[-|]+$/.test(text)) {
      const cells = text.split('|').slice(1, -1);
      const number = /^\s*(\d+)\s*$/.exec(cells[0] ?? '')?.[1];
      rows.push({
        line: index + 1,
        threat: number === undefined ? undefined : Number(number),
        advisories: advisoriesOf(cells[0] ?? ''),
        tests: [...(cells.at(-1) ?? '').matchAll(/`([^`]+)`/g)].map(([, path = '']) => path),
      });
    }
  }
  return rows;
}

/** What is wrong with the rows: no test, or one that is not there. */
export function threatFindings(page: string): string[] {
  return threatRows(page).flatMap(({ line, tests }) => [
    ...(tests.length === 0 ? [`line ${line}: no test shows it`] : []),
    ...tests.filter((path) => !path.endsWith('.test.ts') || !existsSync(path)).map((path) => `line ${line}: ${path}`),
  ]);
}
