import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { sourceFiles } from '../support/source-files.ts';
import { advisoriesOf, threatFindings, threatRows } from '../support/threat-rows.ts';

const page = readFileSync('docs/security.md', 'utf8');
const rows = threatRows(page);

t.test('issue 7: every threat and every known mistake names tests that are there', async (t) => {
  t.same(threatFindings(page), []);
  t.same(
    rows.flatMap(({ threat }) => threat ?? []),
    Array.from({ length: 22 }, (_, index) => index + 1),
  );
  t.ok(rows.filter(({ threat }) => threat === undefined).length >= 25);
  for (const [, path = ''] of page.matchAll(/`(test\/[^`]+)`/g)) t.ok(existsSync(path), path);
});

t.test('every advisory that a test or a source names is a row of the page', async (t) => {
  const listed = rows.flatMap(({ advisories }) => advisories);
  t.same(
    listed.filter((id, index) => listed.indexOf(id) !== index),
    [],
    'each is there once',
  );
  const named = [...sourceFiles('test'), ...sourceFiles('src')]
    .filter(({ path }) => path !== 'test/docs/security.test.ts')
    .flatMap(({ path, text }) => advisoriesOf(text).map((id) => `${id} (${path})`));
  t.ok(named.length > 20);
  t.same(
    named.filter((one) => !listed.includes(one.split(' ')[0] ?? '')),
    [],
  );
});

t.test('a row without a test, or with one that is gone, is found', async (t) => {
  const table = (tests: string) =>
    `| # | who | shown by |\n|---|---|---|\n| 1 | a page | ${tests} |\n\n| a | b |\n|---|---|\n| 2 | c |`;
  t.match(threatFindings(table('')), ['line 3: no test shows it']);
  t.match(threatFindings(table('`test/gone.test.ts`')), ['line 3: test/gone.test.ts']);
  t.match(threatFindings(table('`docs/security.md`')), ['line 3: docs/security.md']);
  t.same(threatFindings(table('`test/errors.test.ts`')), []);
  t.same(advisoriesOf('undici CVE-2026-1525, GHSA-8qr4-xgw6-wmr3: x'), ['CVE-2026-1525', 'GHSA-8qr4-xgw6-wmr3']);
});
