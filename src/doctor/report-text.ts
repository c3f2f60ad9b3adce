import { viewLines } from '../token/token-view.ts';
import type { Examination } from './examination.ts';
import type { Finding } from './finding.ts';
import type { RouteReport } from './route-report.ts';

const marks: Readonly<Record<Examination['state'], string>> = { good: 'ok ', bad: 'BAD', skipped: ' - ' };
const sides: Readonly<Record<Finding['side'], string>> = {
  yours: 'on your side',
  IdP: 'at the identity provider',
  API: 'at the API',
  network: 'in the network',
};
const titleWidth = 14;

/** The report for people: each question with what was seen, the token's sections, then the findings. */
export function reportText(reports: readonly RouteReport[]): string {
  return reports.map((report) => [...headLines(report), ...findingLines(report.findings)].join('\n')).join('\n\n');
}

function headLines({ route, credential, examinations, token }: RouteReport): string[] {
  const title = route === undefined ? 'pasted token' : `route ${route} (credential ${credential})`;
  return [
    title,
    ...examinations.flatMap(examinationLines),
    ...(token === undefined ? [] : ['', ...viewLines(token).flatMap((text) => text.split('\n'))]),
    '',
  ];
}

function examinationLines({ question, state, lines }: Examination): string[] {
  const [first = '', ...more] = lines;
  const indent = ' '.repeat(titleWidth + 8);
  return [`  ${marks[state]}  ${question.padEnd(titleWidth)} ${first}`, ...more.map((line) => `${indent}${line}`)];
}

function findingLines(findings: readonly Finding[]): string[] {
  if (findings.length === 0) return ['nothing found'];
  const title = findings.length === 1 ? '1 finding' : `${findings.length} findings, the likeliest first`;
  return [
    title,
    ...findings.flatMap(({ id, side, likelihood, sentence, cure }, index) => [
      `${index + 1}. ${sentence}`,
      `   ${likelihood}, ${sides[side]} (${id})`,
      `   ${cure}`,
    ]),
  ];
}
