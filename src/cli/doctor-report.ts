import type { Examination } from '../doctor/examination.ts';
import type { Finding } from '../doctor/finding.ts';
import type { RouteReport } from '../doctor/route-report.ts';
import { viewLines } from '../token/token-view.ts';
import { wrap } from './wrap.ts';

const marks: Readonly<Record<Examination['state'], string>> = { good: 'ok ', bad: 'BAD', skipped: ' - ' };
const sides: Readonly<Record<Finding['side'], string>> = {
  yours: 'on your side',
  IdP: 'at the identity provider',
  API: 'at the API',
  network: 'in the network',
};
const questionWidth = 14;

/**
 * What `doctor` prints for people: each question with what was seen, the token's sections, then the findings.
 * @param isTerminal long lines are wrapped
 */
export function reportText(reports: readonly RouteReport[], isTerminal: boolean): string {
  const fit: Fit = isTerminal ? wrap : (text) => text;
  const texts = reports.map((report) => [...headLines(report, fit), ...findingLines(report.findings, fit)].join('\n'));
  return texts.join('\n\n');
}

type Fit = (text: string, indent: number) => string;

function headLines({ route, credential, examinations, token }: RouteReport, fit: Fit): string[] {
  return [
    route === undefined ? 'pasted token' : `route ${route} (credential ${credential})`,
    ...examinations.map((one) => examinationText(one, fit)),
    ...(token === undefined ? [] : ['', ...viewLines(token)]),
    '',
  ];
}

function examinationText({ question, state, lines }: Examination, fit: Fit): string {
  const indent = questionWidth + 8;
  const [first = '', ...more] = lines.map((line) => fit(line, indent));
  const head = `  ${marks[state]}  ${question.padEnd(questionWidth)} ${first}`;
  return [head, ...more.map((line) => `${' '.repeat(indent)}${line}`)].join('\n');
}

function findingLines(findings: readonly Finding[], fit: Fit): string[] {
  if (findings.length === 0) return ['nothing found'];
  const title = findings.length === 1 ? '1 finding' : `${findings.length} findings, the likeliest first`;
  return [
    title,
    ...findings.flatMap(({ id, side, likelihood, sentence, cure }, index) => [
      fit(`${index + 1}. ${sentence}`, 3),
      `   ${likelihood}, ${sides[side]} (${id})`,
      `   ${fit(cure, 3)}`,
    ]),
  ];
}
