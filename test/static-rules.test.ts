import { readFileSync } from 'node:fs';
import t from 'tap';
import { sourceFiles } from './support/source-files.ts';
import { staticExceptions } from './support/static-exceptions.ts';
import { staticFindings } from './support/static-rules.ts';

// Issue 7, acceptance 5. `npm run check` runs the same over the same files, without a build.

t.test('the shipped sources keep the static rules, and so npm run check judges them', async (t) => {
  const files = [...sourceFiles('src'), ...sourceFiles('packaging')];
  t.ok(files.length > 200, 'the sources are there');
  t.same(staticFindings(files, staticExceptions), []);
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
  t.match(scripts.check, /&& npm run rules$/);
  t.match(scripts.rules, /test\/support\/check-rules\.ts .*&& node \S+$/);
});

const page = 'src/admin/page/a.ts';
const broken: readonly [text: string, rule: string, path?: string][] = [
  ['eval(text);', 'dynamic code'],
  ['const run = (0, eval)(text);', 'dynamic code'],
  ['globalThis.eval(text);', 'dynamic code'],
  ["new Function('return 1');", 'dynamic code'],
  ["Function('return 1')();", 'dynamic code'],
  ["(() => {}).constructor('return 1')();", 'dynamic code'],
  ["(() => {})['constructor']('return 1')();", 'dynamic code'],
  ["setTimeout('go()', 1);", 'dynamic code'],
  ["import { Script } from 'node:vm';", 'dynamic code'],
  ["import vm from 'vm';", 'dynamic code'],
  ["const { Script } = await import('node:vm');", 'dynamic code'],
  ["import { Worker } from 'node:worker_threads';", 'dynamic code'],
  ["import 'node:inspector/promises';", 'dynamic code'],
  ['await WebAssembly.instantiate(bytes);', 'dynamic code'],
  ['await import(name);', 'computed import'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the source that is judged has a template
  ['await import(`data:text/javascript,${text}`);', 'computed import'],
  ['await import(\n  name,\n);', 'computed import'],
  ["createRequire(import.meta.url)('x');", 'computed import'],
  ['process.dlopen(module, path);', 'computed import'],
  ["import { execFile } from 'node:child_process';", 'child process'],
  ["import * as run from 'child_process';", 'child process'],
  ["await import('node:child_process');", 'child process'],
  ["import cluster from 'node:cluster';", 'child process'],
  ['connect({ rejectUnauthorized: false });', 'unverified certificate'],
  ['connect({ rejectUnauthorized: !strict });', 'unverified certificate'],
  ['connect({ rejectUnauthorized });', 'unverified certificate'],
  ['options.rejectUnauthorized = false;', 'unverified certificate'],
  ["options['rejectUnauthorized'] = false;", 'unverified certificate'],
  ['connect({ rejectUnauthorized: settings.insecureSkipVerify !== false });', 'unverified certificate'],
  ['connect({ checkServerIdentity: () => undefined });', 'unverified certificate'],
  ["process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';", 'TLS switch of the environment'],
  ['process.env.NODE_TLS_REJECT_UNAUTHORIZED = zero;', 'TLS switch of the environment'],
  ["env['NODE_EXTRA_CA_CERTS'] = path;", 'TLS switch of the environment'],
  ['row.innerHTML = path;', 'markup from text', page],
  ["row['innerHTML'] = path;", 'markup from text', page],
  ["row.insertAdjacentHTML('beforeend', path);", 'markup from text', page],
  ['document.write(path);', 'markup from text', page],
];

t.test('each static rule can be broken, and names the line', async (t) => {
  for (const [text, rule, path = 'src/net/a.ts'] of broken) {
    const found = staticFindings([{ path, text: `const first = 1;\n${text}` }], []);
    t.equal(found.length, 1, text);
    t.match(found[0], `${path}:2: ${rule}: `, text);
  }
});

const sound: readonly string[] = [
  "// eval(text), new Function, import(name), NODE_TLS_REJECT_UNAUTHORIZED\nimport { connect } from 'node:tls';",
  "const words = 'eval(this), rejectUnauthorized: false';",
  'const evaluation = retrieval(evaluate);',
  'class A { constructor(a) { super(a); } }',
  'setTimeout(() => go(), 1);',
  "await import('jose'); type A = import('node:net').Socket;",
  'connect({ rejectUnauthorized: true });',
  'connect({ rejectUnauthorized: settings.insecureSkipVerify !== true });',
  'const innerHTML = 1;',
];

t.test('what keeps the static rules is let alone', async (t) => {
  for (const text of sound) t.same(staticFindings([{ path: 'src/net/a.ts', text }], []), [], text);
});

t.test('an exception is for one rule in one file, and is a finding when nobody needs it', async (t) => {
  const exceptions = [{ rule: 'child process', path: 'src/a.ts', reason: 'a test' }];
  const text = "import { spawn } from 'node:child_process';";
  t.same(staticFindings([{ path: 'src/a.ts', text }], exceptions), []);
  t.match(staticFindings([{ path: 'src/a.ts', text: `${text}\neval(x);` }], exceptions), [/dynamic code/]);
  t.match(staticFindings([{ path: 'src/b.ts', text }], exceptions), [/src\/b\.ts:1/, /src\/a\.ts: .*off the list/]);
  t.match(staticFindings([], exceptions), [/src\/a\.ts: has no child process any more/]);
});
