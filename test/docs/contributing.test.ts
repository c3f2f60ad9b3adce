import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { runCommandsOf } from '../support/page-commands.ts';

// Every command of CONTRIBUTING.md is run, or is run by somebody else whom this test names. What builds or installs is
// left out: a test may not replace the files that other tests are running.

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));

function exits0(t: Test, words: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8', env: process.env });
  t.equal(status, 0, `${words.join(' ')}\n${status === 0 ? '' : stdout + stderr}`);
}

runCommandsOf('CONTRIBUTING.md', [
  [/^npm ci$/, (t) => t.ok(existsSync('package-lock.json'))],
  [/^npm run build$/, (t) => t.match(scripts.build, /^tsc -p \. && /)],
  // CI runs these two, and this test is part of the second.
  [/^npm run check$/, (t) => t.equal(scripts.check, 'npm run typecheck && npm run lint && npm run rules')],
  [/^npm test$/, (t) => t.match(scripts.test, /run-suite\.js$/)],
  [/^npm run demo -- (--once)$/, (t, [flag = '']) => exits0(t, ['build/src/main.js', 'demo', flag])],
  [/^node (build\/test\/\S+)$/, (t, [file = '']) => exits0(t, [file])],
]);

t.test('every path that CONTRIBUTING.md names is there', async (t) => {
  const text = readFileSync('CONTRIBUTING.md', 'utf8');
  const paths = [...text.matchAll(/`((?:src|test|docs|config)\/[\w./-]+)`/g)].map(([, path = '']) => path);
  t.ok(paths.length > 8);
  for (const path of paths.filter((one) => one !== 'test/regress')) t.ok(existsSync(path), path);
});
