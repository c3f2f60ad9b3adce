import t from 'tap';
import { type Exceptions, violations } from './support/architecture-rules.ts';

const none: Exceptions = { long: {}, fileSystem: {} };

/** Judges a small made-up tree: path below src → text. */
function judged(tree: Readonly<Record<string, string>>, exceptions = none): string[] {
  return violations(
    Object.entries(tree).map(([path, text]) => ({ path: `src/${path}`, text })),
    exceptions,
  );
}

const broken: readonly [title: string, tree: Readonly<Record<string, string>>, finding: RegExp][] = [
  [
    'an arrow that runs back up',
    { 'token/a.ts': "import { b } from '../provider/b.ts';", 'provider/b.ts': '' },
    /token may not import provider/,
  ],
  [
    'an arrow of types only runs back up too',
    { 'net/a.ts': "import type {\n  B,\n} from '../upstream/b.ts';", 'upstream/b.ts': '' },
    /net may not import upstream/,
  ],
  [
    'a re-export is an arrow',
    { 'token/a.ts': "export { b } from '../inbound/b.ts';", 'inbound/b.ts': '' },
    /token may not import inbound/,
  ],
  [
    'import() is an arrow',
    { 'challenge/a.ts': "const b = await import('../net/b.ts');", 'net/b.ts': '' },
    /challenge may not import net/,
  ],
  [
    'an import for its effect is an arrow',
    { 'errors.ts': "import './log.ts';", 'log.ts': '' },
    /errors may not import log/,
  ],
  ['nothing imports cli', { 'app.ts': "import '../src/cli/run.ts';", 'cli/run.ts': '' }, /app may not import cli/],
  ['nothing imports main', { 'cli/run.ts': "import '../main.ts';", 'main.ts': '' }, /cli may not import main/],
  [
    'only app and cli know the list of providers',
    { 'upstream/a.ts': "import { list } from '../provider/index.ts';", 'provider/index.ts': '' },
    /upstream may not import provider/,
  ],
  [
    'a provider looks into the configuration',
    { 'provider/a.ts': "import { load } from '../config/load.ts';", 'config/load.ts': '' },
    /of config a provider may import/,
  ],
  [
    'an emulator imports the proxy',
    { 'emulator/a.ts': "import { b } from '../errors.ts';", 'errors.ts': '' },
    /emulator may not import errors/,
  ],
  [
    'the proxy imports an emulator',
    { 'inbound/a.ts': "import { b } from '../emulator/b.ts';", 'emulator/b.ts': '' },
    /inbound may not import emulator/,
  ],
  ['a room that nobody drew', { 'utils/a.ts': '' }, /utils is not a room/],
  ['a file that is not there', { 'token/a.ts': "import './b.ts';" }, /not in src/],
  [
    'a circle',
    { 'net/a.ts': "import './b.ts';", 'net/b.ts': "import './a.ts';" },
    /circle: src\/net\/a\.ts → .* → src\/net\/a\.ts/,
  ],
  ['a file that imports itself', { 'net/a.ts': "import './a.ts';" }, /circle/],
  ...['provider', 'token', 'challenge', 'upstream', 'net', 'doctor', 'config'].map(
    (room): [string, Readonly<Record<string, string>>, RegExp] => [
      `${room} imports Fastify`,
      { [`${room}/a.ts`]: "import type { FastifyReply } from 'fastify';" },
      /knows nothing of Fastify/,
    ],
  ),
  ['a plugin of Fastify', { 'net/a.ts': "import p from '@fastify/http-proxy';" }, /knows nothing of Fastify/],
  ...['node:tls', 'node:net', 'node:http', 'undici', 'node:timers', 'node:timers/promises', 'node:dns'].map(
    (name): [string, Readonly<Record<string, string>>, RegExp] => [
      `challenge imports ${name}`,
      { 'challenge/a.ts': `import * as io from '${name}';` },
      /challenge does no I\/O/,
    ],
  ),
  ['challenge fetches', { 'challenge/a.ts': 'await fetch(url);' }, /challenge does no I\/O/],
  ['challenge sets a timer', { 'challenge/a.ts': 'setTimeout (f, 1);' }, /challenge does no I\/O/],
  ['a file is read', { 'provider/a.ts': "import { readFile } from 'node:fs/promises';" }, /config\/secret\.ts only/],
  [
    'a program is run',
    { 'config/load.ts': "import { execFile } from 'node:child_process';" },
    /config\/secret\.ts only/,
  ],
  ['the environment is read', { 'cli/run.ts': 'const x = process.env["X"];' }, /only main\.ts/],
  ['the environment is read in a template', { 'cli/run.ts': `const x = \`a \${process.env.X} b\`;` }, /only main\.ts/],
  ['the process is imported', { 'cli/run.ts': "import { argv } from 'node:process';" }, /node:process/],
  ['the console is used', { 'token/a.ts': 'console.log(1);' }, /only main\.ts/],
  [
    'Authorization is written elsewhere',
    { 'inbound/forward.ts': "fields.push('Authorization', token);" },
    /Authorization/,
  ],
  ['Authorization is a key elsewhere', { 'upstream/a.ts': 'const h = { "authorization": token };' }, /Authorization/],
  [
    'an export without a docstring',
    { 'net/a.ts': '/** Documented. */\nconst x = 1;\nexport const y = 2;' },
    /exports y without/,
  ],
  ['an interface without a docstring', { 'net/a.ts': '// why\nexport interface Y {}' }, /exports Y without/],
  ['an async function without a docstring', { 'net/a.ts': 'export async function f() {}' }, /exports f without/],
  ['more than 300 lines', { 'net/a.ts': 'let x;\n'.repeat(301) }, /has 301 lines/],
];

t.test('each invariant can be broken, and is then named', async (t) => {
  for (const [title, tree, finding] of broken) {
    const findings = judged(tree);
    t.equal(findings.length, 1, `${title}: one finding`);
    t.match(findings[0], finding, title);
  }
});

const sound: readonly [title: string, tree: Readonly<Record<string, string>>, exceptions?: Exceptions][] = [
  [
    'arrows down',
    {
      'provider/a.ts': "import '../config/shape.ts';\nimport '../config/option/url.ts';\nimport '../errors.ts';",
      'config/shape.ts': '',
      'config/option/url.ts': '',
      'errors.ts': '',
    },
  ],
  ['cli starts the emulators', { 'cli/demo.ts': "import '../emulator/idp.ts';", 'emulator/idp.ts': '' }],
  [
    'two ways to one file are no circle',
    { 'net/a.ts': "import './b.ts';\nimport './c.ts';", 'net/b.ts': "import './c.ts';", 'net/c.ts': '' },
  ],
  ['words in comments', { 'net/a.ts': "// process.env and import './gone.ts'\n/* console.log('x') */" }],
  [
    'words in strings',
    { 'net/a.ts': `const a = 'process.env', b = "console.log", c = \`process.exit \${a} console.log\`;` },
  ],
  ['words in regular expressions', { 'net/a.ts': 'const quote = /[\'"`]/; const path = /\\/\\/process.x/;' }],
  ['a division is no regular expression', { 'net/a.ts': "const half = whole / 2; const s = 'a/b';" }],
  ['main touches the process', { 'main.ts': 'process.exitCode = 1;' }],
  [
    'Authorization is compared with',
    { 'inbound/a.ts': "if (name === 'authorization') n = 1; switch (x) { case 'authorization': }" },
  ],
  ['Authorization is written where it may be', { 'upstream/authenticated.ts': "headers.push('Authorization', x);" }],
  ['Authorization of a token request', { 'provider/a.ts': "headers.push('Authorization', basic);" }],
  [
    'exports with docstrings',
    { 'net/a.ts': '/**\n * Yes.\n */\nexport async function f() {}\n/** Yes. */\nexport type T = 1;' },
  ],
  ['exactly 300 lines', { 'net/a.ts': 'let x;\n'.repeat(300) }],
  [
    'exceptions with a reason',
    { 'net/a.ts': `import 'node:fs';${'\nlet x;'.repeat(400)}` },
    { long: { 'src/net/a.ts': 'a table' }, fileSystem: { 'src/net/a.ts': 'a test' } },
  ],
];

t.test('what keeps the invariants is let alone', async (t) => {
  for (const [title, tree, exceptions] of sound) t.strictSame(judged(tree, exceptions), [], title);
});

t.test('an exception that nobody needs any more is a finding', async (t) => {
  const listed = { 'src/net/a.ts': 'x' };
  t.match(judged({}, { long: listed, fileSystem: {} }), [/does not exist/]);
  t.match(judged({ 'net/a.ts': '' }, { long: listed, fileSystem: {} }), [/no longer long/]);
  t.match(judged({ 'net/a.ts': '' }, { long: {}, fileSystem: listed }), [/no longer uses the file system/]);
});
