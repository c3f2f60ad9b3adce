import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { formatProblem } from '../../src/config/input.ts';
import { loadConfig } from '../../src/config/load.ts';
import { providers } from '../../src/provider/index.ts';
import { presets } from '../../src/provider/presets.ts';
import { privateFolder } from '../support/private-folder.ts';
import { tlsText } from '../support/test-certificates.ts';

const page = readFileSync('docs/identity-providers.md', 'utf8');

t.test(
  'every configuration on the page of identity providers is one that check has nothing to say about',
  async (t) => {
    const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' });
    const cwd = privateFolder(
      t.testdir({
        secret: 'a secret that is long enough for everybody',
        'key.pem': String(key),
        'service-account.json': JSON.stringify({ private_key: key, private_key_id: 'k' }),
        'client.pem': tlsText('client.pem'),
        'client.key': tlsText('client.key'),
      }),
    );
    const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml = '']) => yaml);
    t.equal(blocks.length, 14);
    for (const yaml of blocks) {
      writeFileSync(join(cwd, 'bearerd.yaml'), yaml);
      const { warnings } = loadConfig({ env: {}, flags: {}, cwd, file: 'bearerd.yaml', home: undefined, providers });
      t.same(warnings.map(formatProblem), [], yaml);
    }
  },
);

t.test('each preset has a section with a configuration and a table of failures', async (t) => {
  for (const name of Object.keys(presets)) {
    const section = page.split(/^## /m).find((one) => one.startsWith(`${name}\n`)) ?? '';
    t.match(section, `preset: ${name}\n`, name);
    t.match(section, '| what happens | why | what to do |', name);
  }
});

t.test('links within the page lead somewhere', async (t) => {
  const anchors = [...page.matchAll(/^## (.+)$/gm)].map(([, title = '']) => title.toLowerCase().replaceAll(' ', '-'));
  for (const [, anchor = ''] of page.matchAll(/\]\(#([^)]+)\)/g)) t.ok(anchors.includes(anchor), anchor);
});
