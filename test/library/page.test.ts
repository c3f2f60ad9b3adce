import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { type ConformanceResult, conformance } from '../../src/provider-kit/index.ts';
import { startEndpoint } from '../provider/support.ts';
import { startUpstream } from '../support/upstream.ts';

const page = readFileSync('docs/library.md', 'utf8');
const blocks = [...page.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code = '']) => code);
const bearerd = new URL('../../src/index.js', import.meta.url).href;
const kit = new URL('../../src/provider-kit/index.js', import.meta.url).href;

/** Runs an example of the page as a module that finds the names it uses; gives what it exports. */
async function example(t: Tap.Test, code: string, given = ''): Promise<Record<string, unknown>> {
  const resolved = code.replace("'bearerd/provider-kit'", `'${kit}'`).replace("'bearerd'", `'${bearerd}'`);
  const file = join(t.testdir(), `example-${Math.random()}.mjs`);
  writeFileSync(file, `${given}\n${resolved}`);
  return import(pathToFileURL(file).href);
}

declare namespace Tap {
  type Test = { readonly testdir: () => string };
}

t.test('every example of docs/library.md runs', async (t) => {
  t.equal(blocks.length, 4);
  const [proxy = '', tokens = '', define = '', tried = ''] = blocks;
  const endpoint = await startEndpoint(t);
  const upstream = await startUpstream();
  t.teardown(() => upstream.close());
  const given = `const apiUrl = '${upstream.url}'; const tokenEndpoint = '${endpoint.url}';`;
  await example(t, proxy, given);
  await example(t, tokens, given);
  t.same(
    upstream.seen.map(({ url, headers }) => [url, headers.authorization]),
    [
      ['/things', 'Bearer tok-1'],
      ['/things', 'Bearer tok-1'],
    ],
  );
  const { default: provider } = await example(t, define);
  // What the page exports is a provider, as the kit finds out.
  const results: ConformanceResult[] = [];
  for await (const result of conformance(provider as Parameters<typeof conformance>[0], { name: 'Ada' }))
    results.push(result);
  t.same(
    results.filter(({ ok }) => !ok),
    [],
  );
  Object.assign(globalThis, { providerOfThePage: provider });
  await example(t, tried, 'const provider = globalThis.providerOfThePage;');
});

t.test('the page names every function that the package exports', async (t) => {
  const names = Object.keys(await import(bearerd)).filter((name) => name !== 'BearerdError');
  for (const name of names) t.ok(page.includes(name), name);
});
