import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

// Issue 7, acceptance 5, for the packages: what test/static-rules.test.ts says about the sources, seen in what is shipped.

const program = readFileSync('build/bundle/program.cjs', 'utf8');
const redis = readFileSync('build/bundle/redis-client.cjs', 'utf8');
const codeFromText = /\bnew Function\s*\(|(?<![.\w])(?:eval|Function)\s*\(/g;
// the second form: modules of Node that packaging/bundle.ts loads later
const programs = /require\("(?:node:)?child_process"\)|require_child_process\(\)/g;

const count = (text: string, what: RegExp) => [...text.matchAll(what)].length;

t.test('no package starts programs: the secret, the provider and exec are the three that do', async (t) => {
  t.equal(count(program, programs), 4, 'and the one place that loads it for them');
  for (const file of ['config/secret', 'config/program', 'cli/exec']) {
    const begin = program.indexOf(`"build/src/${file}.js"(){`);
    t.equal(count(program.slice(begin, begin + 500), programs), 1, file);
  }
  t.equal(count(redis, programs), 0);
});

t.test('no package makes code of text but find-my-way, of its own templates when routes are set up', async (t) => {
  const folder = 'node_modules/find-my-way/lib';
  const own = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js'))
    .map((name) => count(readFileSync(join(folder, name), 'utf8'), codeFromText));
  const known = own.reduce((sum, one) => sum + one, 0);
  t.ok(known > 0, 'find-my-way is there');
  t.ok(count(program, codeFromText) <= known, `${count(program, codeFromText)} places, find-my-way has ${known}`);
  t.equal(count(redis, codeFromText), 0);
});

t.test('these patterns find what they are for', async (t) => {
  t.equal(count('new Function("a"); eval("b"); (0,eval)("c"); Function("d")()', codeFromText), 3);
  t.equal(count('retrieval("a"); x.eval("b"); isFunction(c)', codeFromText), 0);
  t.equal(count('require("child_process");require("node:child_process")', programs), 2);
});
