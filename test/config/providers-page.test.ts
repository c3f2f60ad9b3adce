import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { formatProblem } from '../../src/config/input.ts';
import { loadConfig } from '../../src/config/load.ts';
import { providers } from '../../src/provider/index.ts';
import { privateFolder } from '../support/private-folder.ts';

const page = readFileSync('docs/providers.md', 'utf8');
const sections = page.split(/^## /m).slice(1);

t.test('each provider has a section with a configuration that check has nothing to say about', async (t) => {
  const greeter = `import { defineProvider, object, string } from ${JSON.stringify(new URL('../../src/index.js', import.meta.url).href)};
    export default defineProvider({
      kind: 'greeter',
      schema: object({ name: string({ doc: 'Whom.', required: true }) }, { doc: 'x' }),
      create: () => ({ requestToken: async () => { throw new Error('x'); } }),
    });`;
  const cwd = privateFolder(
    t.testdir({
      secret: 'a secret that is long enough for everybody',
      'service-account-token': 'x',
      'refresh-token': 'x',
      token: 'x',
      'token.json': '{"access_token":"x"}',
      'my-provider.mjs': greeter,
    }),
  );
  t.same(sections.map((section) => section.split('\n')[0]).sort(), providers.map(({ kind }) => kind).sort());
  for (const section of sections) {
    const [kind = ''] = section.split('\n');
    const samples = [...section.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml = '']) => yaml);
    t.ok(samples.length > 0, `${kind} has a sample`);
    for (const yaml of samples) {
      writeFileSync(join(cwd, 'bearerd.yaml'), yaml);
      const { config, warnings } = loadConfig({
        env: {},
        flags: {},
        cwd,
        file: 'bearerd.yaml',
        home: undefined,
        providers,
      });
      t.same(warnings.map(formatProblem), [], yaml);
      t.equal(config.credentials[0]?.kind, kind);
    }
  }
});

t.test('links within the page lead somewhere, and its table names every section', async (t) => {
  const names = sections.map((section) => section.split('\n')[0] ?? '');
  for (const [, anchor = ''] of page.matchAll(/\]\(#([^)]+)\)/g)) t.ok(names.includes(anchor), anchor);
  for (const name of names) t.ok(page.includes(`| [${name}](#${name}) |`), name);
});
