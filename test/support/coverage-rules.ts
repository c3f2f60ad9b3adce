/** Covered and total of one kind, as istanbul's json-summary has them. */
export interface Share {
  readonly total: number;
  readonly covered: number;
}

/** Coverage of one file. */
export interface FileCoverage {
  readonly lines: Share;
  readonly branches: Share;
}

/** A part of src and the share of it, in percent, that tests have to run; lines and branches each. */
export interface CoverageRule {
  readonly under: string;
  readonly percent: number;
}

/** Issue 2: 95 % where a mistake costs a token, 90 % over everything. */
export const coverageRules: readonly CoverageRule[] = [
  { under: 'src/token/', percent: 95 },
  { under: 'src/challenge/', percent: 95 },
  { under: 'src/upstream/', percent: 95 },
  { under: 'src/provider/', percent: 95 },
  { under: 'src/', percent: 90 },
];

/**
 * Compares what was covered with the rules; a rule without files asks for nothing.
 * @param covered by path relative to the project, for example `src/errors.ts`.
 * @param sources every file that has code; those that are not in `covered` are a finding, because they were never counted.
 * @returns one finding per rule or file that fails, the files of a failing rule named, worst first.
 */
export function coverageFindings(
  covered: ReadonlyMap<string, FileCoverage>,
  sources: readonly string[],
  rules: readonly CoverageRule[] = coverageRules,
): string[] {
  const uncounted = sources.filter((source) => !covered.has(source));
  const findings = uncounted.length === 0 ? [] : [`no test runs or imports ${uncounted.join(', ')}`];
  for (const { under, percent } of rules) {
    const files = [...covered].filter(([file]) => file.startsWith(under));
    for (const kind of ['lines', 'branches'] as const) {
      const whole = percentOf(files.map(([, coverage]) => coverage[kind]));
      if (whole >= percent) continue;
      const worst = files
        .map(([file, coverage]) => ({ file, percent: percentOf([coverage[kind]]) }))
        .filter((entry) => entry.percent < percent)
        .sort((a, b) => a.percent - b.percent)
        .slice(0, 10)
        .map((entry) => `\n    ${entry.percent.toFixed(1)} % ${entry.file}`);
      findings.push(`${under}: ${whole.toFixed(1)} % of ${kind} are covered, ${percent} % have to be${worst.join('')}`);
    }
  }
  return findings;
}

function percentOf(shares: readonly Share[]): number {
  const total = shares.reduce((sum, share) => sum + share.total, 0);
  return total === 0 ? 100 : (100 * shares.reduce((sum, share) => sum + share.covered, 0)) / total;
}
