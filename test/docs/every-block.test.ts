import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { shellCommands } from '../support/shell-blocks.ts';
import { sourceFiles } from '../support/source-files.ts';

// Every shell block of the pages is run by a test: by the one that calls runCommandsOf() with the page's name, or says in a
// comment that `Every command of PAGE is run`.

/** The pages, from the top of the repository. */
const pages: readonly string[] = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => `docs/${path}`),
];

/** Which test runs which page. */
const runners = new Map<string, string>();
for (const { path } of sourceFiles('test')) {
  const names = /^\s*(?:runCommandsOf\('([^']+)'|\/\/ Every command of (\S+) is run)/gm;
  for (const [, called, said] of readFileSync(path, 'utf8').matchAll(names)) {
    const page = called ?? said ?? '';
    t.ok([undefined, path].includes(runners.get(page)), `${page} is run by ${path} alone`);
    runners.set(page, path);
  }
}

t.test('every shell block of every page is run by a test', async (t) => {
  const unrun = pages
    .filter((page) => !runners.has(page))
    .flatMap((page) =>
      shellCommands(readFileSync(page, 'utf8')).map(
        ({ line, command }) =>
          `${page}:${line}: nobody runs \`${command}\`; call runCommandsOf('${page}', …) in a test (test/system if it needs more than Node)`,
      ),
    );
  t.strictSame(unrun, []);
  t.ok(runners.size >= 5 && pages.length > 15, 'and there were pages');
});

t.test('nobody runs a page that is not there or has no commands', async (t) => {
  for (const [page, path] of runners) {
    t.ok(pages.includes(page), `${page} in ${path}`);
    t.ok(shellCommands(readFileSync(page, 'utf8')).length > 0, `${page} in ${path}`);
  }
});
