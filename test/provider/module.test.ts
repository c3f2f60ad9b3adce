import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { loadConfig } from '../../src/config/load.ts';
import { redact } from '../../src/config/redaction.ts';
import { providers } from '../../src/provider/index.ts';
import { module } from '../../src/provider/module.ts';
import { configure, make, obtain, refused } from './support.ts';

/** This package, as a module of the user's would import it. */
const bearerd = JSON.stringify(new URL('../../src/index.js', import.meta.url).href);

/** A provider that gives `greeting-NAME`, or does what `body` says. */
function source(
  body = 'return { value: options.greeting + "-" + options.name, requestedAtMs: context.clock.nowMs(), lifetimeMs: 60000, lifetimeSource: "default" };',
): string {
  return `import { defineProvider, object, string, TokenRequestError } from ${bearerd};
    export default defineProvider({
      kind: 'greeter',
      schema: object({
        name: string({ doc: 'Whom to greet.', required: true, example: 'Ada' }),
        greeting: string({ doc: 'The words.', default: 'hello' }),
      }, { doc: 'Greets.' }),
      create: (options, context) => ({
        async requestToken() { ${body} },
        async close() { context.log.info({}, 'closed'); },
      }),
      lint: ({ name }) => name === 'Eve' ? [{ path: 'name', problem: 'is Eve', cure: 'write another', severity: 'warning' }] : [],
    });`;
}

t.test('a module of the user, with options of its own', async (t) => {
  const path = join(t.testdir({ 'p.mjs': source() }), 'p.mjs');
  const provider = make(module, { path, options: { name: 'Ada' } });
  t.equal((await obtain(provider)).value, 'hello-Ada');
  await provider.close?.();
  t.match(configure(module, { path, options: { name: 'Eve' } }).lints, [{ path: 'options.name', severity: 'warning' }]);
});

t.test('mistakes in its options have the place where they are written', async (t) => {
  const folder = t.testdir({ 'p.mjs': source() });
  const written = `upstream: https://api.example.com
credential:
  provider: module
  path: ./p.mjs
  options:
    nmae: Ada
    greeting: 7
`;
  writeFileSync(join(folder, 'bearerd.yaml'), written);
  const load = () => loadConfig({ file: 'bearerd.yaml', env: {}, flags: {}, cwd: folder, home: undefined, providers });
  t.throws(load, {
    message: [
      "bearerd.yaml:6:5: credential.options.nmae: is not a known key; did you mean 'name'?",
      'bearerd.yaml:6:5: credential.options.name: is missing; write name: Ada',
      "bearerd.yaml:7:15: credential.options.greeting: has to be a string, not the number 7; put it in quotes: '7'",
    ].join('\n'),
  });
  writeFileSync(join(folder, 'bearerd.yaml'), written.replace(/ {2}options:[\s\S]*/, ''));
  t.throws(load, { message: /credential.options.name: is missing/ });
  const good = written.replace('nmae', 'name').replace('greeting: 7', 'greeting: hi');
  writeFileSync(join(folder, 'bearerd.yaml'), good);
  const first = load().config.credentials[0];
  t.equal(first?.kind, 'module');
  writeFileSync(join(folder, 'bearerd.yaml'), good.replace('Ada', 'Bob'));
  t.not(load().config.credentials[0]?.fingerprint, first?.fingerprint, 'the options are part of the fingerprint');
});

t.test('a module that cannot be used is told with its reason', async (t) => {
  const folder = t.testdir({
    'broken.mjs': 'export default {',
    'throws.mjs': 'throw new Error("no licence")',
    'waits.mjs': 'await null; export default 1;',
    'other.mjs': 'export const provider = 1;',
    'bare.mjs': 'export default { kind: "x", create() {} };',
    'kind.mjs': 'export default { kind: "X Y" };',
    'create.mjs': `import { object } from ${bearerd}; export default { kind: "x", schema: object({}, { doc: 'd' }) };`,
    'define.mjs': `import { defineProvider } from ${bearerd}; export default defineProvider({ kind: "x" });`,
  });
  const cases: Readonly<Record<string, RegExp>> = {
    'missing.mjs': /cannot be loaded: "Cannot find module/,
    'broken.mjs': /cannot be loaded: "Unexpected/,
    'throws.mjs': /cannot be loaded: "no licence"/,
    'waits.mjs': /it has an await at its top level/,
    'other.mjs': /the default export of .+ is no provider: kind has to be/,
    'bare.mjs': /is no provider: schema has to be object/,
    'kind.mjs': /is no provider: kind has to be small letters/,
    'create.mjs': /is no provider: create has to be a function/,
    'define.mjs': /cannot be loaded: "defineProvider: schema has to be object/,
  };
  for (const [name, words] of Object.entries(cases)) {
    t.match(configure(module, { path: join(folder, name) }).problems.join(), words, name);
  }
  t.match(configure(module, {}).problems.join(), /path: is missing; write path: .\/my-provider.mjs/);
});

t.test('what it throws: its own words only in a TokenRequestError, of another copy of the package too', async (t) => {
  const cases: [body: string, expected: Record<string, unknown>][] = [
    ['throw new Error("the key is k3y")', { message: 'the key is k3y' }],
    [
      'throw new TokenRequestError("The vault is shut.", { kind: "permanent", reason: "shut" })',
      { message: 'The vault is shut.', failure: { kind: 'permanent', reason: 'shut' } },
    ],
    [
      `throw Object.assign(new Error('The other\\nvault is shut.'), { name: 'TokenRequestError', failure: { kind: 'permanent', reason: 'shut', action: 'Open it.', retryAfterMs: 5 } })`,
      {
        code: 'BEARERD_TOKEN_REFUSED',
        message: 'The other vault is shut.',
        failure: { kind: 'permanent', reason: 'shut', retryAfterMs: 5 },
        occurrence: { action: 'Open it.' },
      },
    ],
    [
      `throw Object.assign(new Error(''), { name: 'TokenRequestError', failure: { kind: 1, reason: 'two words' } })`,
      { failure: { kind: 'transient', reason: 'provider_failed' } },
    ],
    [`throw Object.assign(new Error('x'), { name: 'TokenRequestError' })`, { message: 'x' }],
  ];
  for (const [index, [body, expected]] of cases.entries()) {
    const path = join(t.testdir({ [`p${index}.mjs`]: source(body) }), `p${index}.mjs`);
    const provider = make(module, { path, options: { name: 'Ada' } });
    const error: unknown = await obtain(provider).catch((thrown: unknown) => thrown);
    t.match(error, expected, body);
  }
});

t.test(
  'a module with a copy of the package of its own: mistakes, fingerprints, redaction and unreadable secrets',
  async (t) => {
    // The bundle is another copy than the compiled files that this test runs.
    const copy = JSON.stringify(new URL('../../bundle/index.js', import.meta.url).href);
    const text = `import { defineProvider, object, secret } from ${copy};
    export default defineProvider({
      kind: 'copy',
      schema: object({ key: secret({ doc: 'The key.', required: true }) }, { doc: 'x' }),
      create: ({ key }) => ({ requestToken: async () => ({ value: await key.read(), requestedAtMs: Date.now(), lifetimeMs: undefined, lifetimeSource: 'configured' }) }),
    });`;
    const folder = t.testdir({ 'copy.mjs': text, one: 'copied-s3cret-1', two: 'copied-s3cret-2' });
    const path = join(folder, 'copy.mjs');
    t.equal(configure(module, { path, options: {} }).options, undefined, 'a mistake of the other copy is one');
    const load = (file: string) => {
      const written = `upstream: https://api.example.com\ncredential: { provider: module, path: ./copy.mjs, options: { key: { file: ./${file} } } }\n`;
      writeFileSync(join(folder, 'bearerd.yaml'), written);
      const { config } = loadConfig({
        file: 'bearerd.yaml',
        env: {},
        flags: {},
        cwd: folder,
        home: undefined,
        providers,
      });
      return config.credentials[0]?.fingerprint;
    };
    t.not(load('one'), load('two'), 'secrets of the other copy are told apart');
    const provider = make(module, { path, options: { key: { file: join(folder, 'one') } } });
    t.equal((await obtain(provider)).value, 'copied-s3cret-1');
    t.equal(redact('it was copied-s3cret-1'), 'it was ‹secret›');
    rmSync(join(folder, 'one'));
    const error = await refused(provider);
    t.match(error.failure, { kind: 'transient', reason: 'secret_unreadable' });
    t.equal(error.message, `No token was asked for. The file ${join(folder, 'one')} does not exist.`);
  },
);

t.test('the example is loaded and refuses what its service refuses', async (t) => {
  const path = fileURLToPath(new URL('../../../examples/provider-module/vault-provider.mjs', import.meta.url));
  const provider = make(module, {
    path,
    options: { address: 'http://127.0.0.1:1/token', key: 'vault-key-0123456789' },
  });
  // The example imports the package by its name, so its errors are those of the built package: the same class here.
  t.match((await refused(provider)).failure, { kind: 'transient', reason: 'unreachable' });
});
