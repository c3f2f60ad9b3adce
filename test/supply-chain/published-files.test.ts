import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import t from 'tap';

/** What is published, beside the declarations of src and the pages of docs. */
const expected: readonly string[] = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'build/bundle/index.js',
  'build/bundle/load.js',
  'build/bundle/main.js',
  'build/bundle/package.json',
  'build/bundle/page/icon.svg',
  'build/bundle/page/page.css',
  'build/bundle/page/page.html',
  'build/bundle/page/page.js',
  'build/bundle/program.cjs',
  'build/bundle/provider-kit/index.js',
  'build/bundle/redis-client.cjs',
  'build/bundle/third-party.txt',
  'config/collaborate.yaml',
  'config/collibra-oauth.yaml',
  'config/collibra.yaml',
  'config/container.yaml',
  'config/schema.json',
  'config/sidecar.yaml',
  'package.json',
];

const page = /^docs\/(?:decisions\/)?[\w-]+\.(?:md|svg|png)$/;
const declaration = /^build\/(src\/[\w/-]+)\.d\.ts$/;

t.test('these files are published and no others', async (t) => {
  const { status, stdout, stderr } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    encoding: 'utf8',
  });
  t.equal(status, 0, stderr);
  const [{ files }]: [{ files: { path: string; size: number; mode: number }[] }] = JSON.parse(stdout);
  const paths = files.map(({ path }) => path);
  t.same(paths.filter((path) => !page.test(path) && !declaration.test(path)).sort(), expected);
  t.ok(paths.includes('docs/security.md'));
  const sources = paths.flatMap((path) => declaration.exec(path)?.[1] ?? []);
  t.ok(sources.includes('src/index'));
  // the folder of a checkout may hold more than a build from nothing would leave
  for (const source of sources) t.ok(existsSync(`${source}.ts`), source);
  for (const { path, mode } of files) t.equal(mode & 0o022, 0, `${path} can be written by its owner alone`);
  t.ok(files.reduce((sum, { size }) => sum + size, 0) < 6_000_000, 'in all');
});
