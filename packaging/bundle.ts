import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { resolve } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { notices } from './notices.ts';
import { buildPage } from './page.ts';

// Makes the shipped program of the compiled one: one file in build/bundle instead of 600 in build/src and node_modules,
// without the parts of packages that bearerd never uses, and with small entry files beside it. It starts in a third of
// the time (docs/decisions/0002-cold-start.md).

const folder = 'build/bundle';

const never = (what: string): string => `module.exports = () => { throw new Error(${JSON.stringify(what)}); };`;

/** Packages that are replaced, by name. */
const replaced: Readonly<Record<string, string>> = {
  // its handler, and with it this package and its HTTP client, is never reached (src/inbound/proxy-plugin.ts)
  '@fastify/reply-from': 'module.exports = (fastify, options, done) => done();',
  // src/inbound/no-schemas.ts keeps Fastify from calling them
  '@fastify/ajv-compiler': never('no route of bearerd has a schema'),
  '@fastify/fast-json-stringify-compiler': never('no route of bearerd has a schema'),
  // the one plugin and the one Fastify come from the same lock file
  semver: 'module.exports = { coerce: (version) => version, gt: () => false, satisfies: () => true };',
  // find-my-way asks it about its own patterns; no route of bearerd has one
  'safe-regex2': 'module.exports = () => true;',
  // of prom-client, for exemplars, and of @redis/client, for metrics: both are off; src/tracing/ finds the user's own
  '@opentelemetry/api': 'module.exports = {};',
  // trustProxy is off: bearerd reads no X-Forwarded-For
  '@fastify/proxy-addr': never('trustProxy is off'),
  'light-my-request': never('nothing is injected'),
  'http2 of packages': 'module.exports = { constants: {} };',
  // of pino, whose transports are in the same thread
  'thread-stream': never('no transport runs in a thread'),
  // of @fastify/http-proxy, whose `websocket` stays off: src/inbound/websocket.ts passes upgrades on
  ws: 'module.exports = {};',
  // the same: whether a file is to be flushed at the end
  'node:worker_threads': 'module.exports = { isMainThread: true };',
  // without a message Node parses the file for one: seconds for a bundle. Loaded when something is wrong
  'node:assert': `module.exports = (value, message = 'an assertion of a package failed') => {
    if (!value) require('node:assert').fail(message);
  };`,
};

/** Modules of Node that a plain start has no use for: each is loaded with the first use of something in it. */
const later = ['child_process', 'dns', 'https', 'tls', 'v8', 'zlib'];

const loadingLater: Plugin = {
  name: 'modules of Node that are loaded later',
  setup(steps) {
    steps.onResolve({ filter: new RegExp(`^(?:node:)?(?:${later.join('|')})$`) }, ({ path, namespace }) =>
      namespace === 'later' ? undefined : { path: path.replace('node:', ''), namespace: 'later' },
    );
    steps.onLoad({ filter: /.*/, namespace: 'later' }, ({ path }) => ({
      contents: `const load = () => require('node:${path}');
        for (const name of ${JSON.stringify(Object.keys(createRequire(import.meta.url)(`node:${path}`)))})
          Object.defineProperty(exports, name, { get: () => load()[name], enumerable: true });`,
    }));
  },
};

/** A package with a file of its own beside the program: most never need it, and it would be a quarter of what each start reads. */
const apart = { name: '@redis/client', file: 'redis-client.cjs' };

const leavingApart: Plugin = {
  name: 'package with a file of its own',
  setup(steps) {
    steps.onResolve({ filter: /^@redis\/client$/ }, () => ({ path: `./${apart.file}`, external: true }));
  },
};

const replacing: Plugin = {
  name: 'replaced packages',
  setup(steps) {
    steps.onResolve({ filter: /^[@\w]/ }, ({ path, namespace }) => {
      const name = isBuiltin(path) ? `node:${path.replace('node:', '')}` : path;
      return namespace !== 'replaced' && Object.hasOwn(replaced, name) ? { path: name, namespace: 'replaced' } : undefined;
    });
    // bearerd's own HTTP/2 loads it when a route asks for it; Fastify would at each start
    steps.onResolve({ filter: /^node:http2$/ }, ({ importer }) =>
      /[\\/]node_modules[\\/]/.test(importer) ? { path: 'http2 of packages', namespace: 'replaced' } : undefined,
    );
    steps.onLoad({ filter: /.*/, namespace: 'replaced' }, ({ path }) => ({
      contents: replaced[path] ?? '',
      resolveDir: process.cwd(),
    }));
  },
};

const common: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  // names are kept, so that the stack in a bug report says something
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'inline',
  metafile: true,
  logLevel: 'warning',
};

rmSync(folder, { recursive: true, force: true });

// One file for the commands and the library: a provider module that imports 'bearerd' gets the classes and the registry
// of secrets that the program uses. What `import()` names is run when it is asked for.
const program = `${folder}/program.cjs`;
const whole = await build({
  ...common,
  stdin: {
    resolveDir: '.',
    contents: `
      exports.start = () => import('./build/src/main.js');
      exports.library = () => require('./build/src/index.js');
      exports.providerKit = () => require('./build/src/provider-kit/index.js');`,
  },
  outfile: program,
  format: 'cjs',
  plugins: [leavingApart, replacing, loadingLater],
  define: { 'import.meta.url': 'programUrl' },
  // what load.ts calls
  banner: { js: '(function (exports, module, require, programUrl) {' },
  footer: { js: '})' },
});
const beside = await build({
  ...common,
  entryPoints: [apart.name],
  outfile: `${folder}/${apart.file}`,
  format: 'cjs',
  plugins: [replacing],
});
const inputs = [whole, beside].flatMap(({ metafile }) => Object.keys(metafile?.inputs ?? {}));
writeFileSync(`${folder}/third-party.txt`, notices(inputs));

const programHash = createHash('sha256').update(readFileSync(program)).digest('hex').slice(0, 16);
await build({
  ...common,
  entryPoints: ['build/packaging/load.js'],
  outdir: folder,
  format: 'cjs',
  plugins: [loadingLater],
  define: { programHash: JSON.stringify(programHash) },
});

/** An entry file that hands on what a part of the program exports, for `import` and `require`. */
function writeEntry(path: string, load: string, part: 'library' | 'providerKit'): void {
  const { [part]: get } = createRequire(import.meta.url)(resolve(`${folder}/load.js`)).load();
  const lines = Object.keys(get()).map((name) => `exports.${name} = part.${name};\n`);
  writeFileSync(`${folder}/${path}`, `const part = require('${load}').load().${part}();\n${lines.join('')}`);
}

mkdirSync(`${folder}/provider-kit`);
// CommonJS throughout: Node's loader of modules alone would take 8 ms of a start
writeFileSync(`${folder}/package.json`, '{ "type": "commonjs" }\n');
writeEntry('index.js', './load.js', 'library');
writeEntry('provider-kit/index.js', '../load.js', 'providerKit');
writeFileSync(`${folder}/main.js`, "#!/usr/bin/env node\nrequire('./load.js').start();\n", { mode: 0o755 });

// for the program as it was compiled and for the one that is shipped
await buildPage('build/src/admin/page');
await buildPage('build/bundle/page');
