import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import t from 'tap';
import { anchorsOf, brokenLinks, linksOf } from '../support/markdown-links.ts';

const pages = [
  ...readdirSync('.').filter((name) => name.endsWith('.md')),
  ...['docs', 'examples', 'bench', 'config'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
      .map((name) => join(folder, name)),
  ),
];

t.test('issue 4, acceptance 5: all links of README and docs resolve', async (t) => {
  for (const name of ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/collibra.md', 'docs/collaborate.md']) {
    t.ok(pages.includes(name), `${name} is there`);
  }
  for (const page of pages) t.same(brokenLinks(page), [], page);
});

t.test('every page of docs can be reached from README', async (t) => {
  const reached = new Set<string>();
  const walk = (page: string): void => {
    if (reached.has(page) || !pages.includes(page)) return;
    reached.add(page);
    for (const target of linkTargets(page)) walk(target);
  };
  walk('README.md');
  const docs = pages.filter((page) => page.startsWith('docs/') && !page.startsWith('docs/decisions/'));
  t.same(
    docs.filter((page) => !reached.has(page)),
    [],
  );
});

function linkTargets(page: string): string[] {
  return linksOf(readFileSync(page, 'utf8')).map(({ target }) => join(page, '..', target.split('#')[0] ?? ''));
}

t.test('a broken link is found', async (t) => {
  const folder = t.testdir({ 'b.md': '# Some `Heading`, twice!\n# Some Heading, twice\n' });
  const page = relative('.', join(folder, 'a.md'));
  const cases: readonly [string, RegExp | undefined][] = [
    ['[x](b.md)', undefined],
    ['[x](b.md#some-heading-twice)', undefined],
    ['[x](b.md#some-heading-twice-1)', undefined],
    ['[x](#top)\n# Top', undefined],
    ['`[x](gone.md)`', undefined],
    ['```\n[x](gone.md)\n```', undefined],
    ['[x](https://example.com/a_(b)', undefined],
    ['[x](gone.md)', /:1: gone\.md: there is no/],
    ['\n[x](b.md#other)', /:2: .*has no heading #other/],
    ['[x](http://example.com)', /is no https URL/],
  ];
  for (const [text, finding] of cases) {
    writeFileSync(join(folder, 'a.md'), text);
    const found = brokenLinks(page);
    if (finding === undefined) t.same(found, [], text);
    else t.match(found, [finding], text);
  }
  t.same([...anchorsOf('# BEARERD_X\n## Über uns')], ['bearerd_x', 'über-uns']);
});
