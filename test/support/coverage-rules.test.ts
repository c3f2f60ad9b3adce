import t from 'tap';
import { coverageFindings, type FileCoverage } from './coverage-rules.ts';

function file(lines: number, branches: number): FileCoverage {
  return { lines: { total: 100, covered: lines }, branches: { total: 100, covered: branches } };
}

t.test('enough is enough, and a folder that does not exist yet asks for nothing', async (t) => {
  t.strictSame(coverageFindings(new Map([['src/token/a.ts', file(95, 95)]]), ['src/token/a.ts']), []);
  t.strictSame(coverageFindings(new Map(), []), []);
});

t.test('95 % in the four folders: the failing file is named', async (t) => {
  for (const folder of ['token', 'challenge', 'upstream', 'provider']) {
    const covered = new Map([
      [`src/${folder}/good.ts`, file(100, 100)],
      [`src/${folder}/bad.ts`, file(100, 89)],
    ]);
    const findings = coverageFindings(covered, []);
    t.equal(findings.length, 1);
    t.match(findings[0], `src/${folder}/: 94.5 % of branches`);
    t.match(findings[0], `89.0 % src/${folder}/bad.ts`);
    t.notMatch(findings[0], 'good.ts');
  }
});

t.test('90 % over everything, lines and branches', async (t) => {
  const findings = coverageFindings(new Map([['src/cli/run.ts', file(89, 89)]]), []);
  t.match(findings, [/src\/: 89.0 % of lines[\s\S]*run\.ts/, /src\/: 89.0 % of branches/]);
});

t.test('a file that was never counted is a finding', async (t) => {
  t.strictSame(coverageFindings(new Map(), ['src/a.ts', 'src/b.ts']), ['no test runs or imports src/a.ts, src/b.ts']);
});
