import { build, type Plugin } from 'esbuild';

// Makes the shipped program of the compiled one: a few files in build/bundle instead of 600 in build/src and
// node_modules, without the parts of packages that bearerd never uses. It starts in less than half the time
// (docs/decisions/0002-cold-start.md).

const never = (what: string): string => `module.exports = () => { throw new Error(${JSON.stringify(what)}); };`;

/** Packages that are replaced, by name. */
const replaced: Readonly<Record<string, string>> = {
  undici: `module.exports = require('./packaging/undici.cjs');`,
  // src/inbound/no-schemas.ts keeps Fastify from calling them
  '@fastify/ajv-compiler': never('no route of bearerd has a schema'),
  '@fastify/fast-json-stringify-compiler': never('no route of bearerd has a schema'),
  // of @fastify/http-proxy, whose `websocket` stays off: src/inbound/websocket.ts passes upgrades on
  ws: 'module.exports = {};',
};

const replacing: Plugin = {
  name: 'replaced packages',
  setup(steps) {
    steps.onResolve({ filter: /^[@\w]/ }, ({ path }) =>
      Object.hasOwn(replaced, path) ? { path, namespace: 'replaced' } : undefined,
    );
    steps.onLoad({ filter: /.*/, namespace: 'replaced' }, ({ path }) => ({
      contents: replaced[path] ?? '',
      resolveDir: process.cwd(),
    }));
  },
};

await build({
  entryPoints: ['build/src/main.js', 'build/src/index.js', 'build/src/provider-kit/index.js'],
  outbase: 'build/src',
  outdir: 'build/bundle',
  bundle: true,
  // What a command alone needs is in files of its own, read when it is used; and a provider module that imports
  // 'bearerd' gets the classes and the registry of secrets that the program uses.
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  plugins: [replacing],
  // names are kept, so that the stack in a bug report says something
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'inline',
  banner: { js: "import { createRequire as requireFrom } from 'node:module';const require = requireFrom(import.meta.url);" },
  logLevel: 'warning',
});
