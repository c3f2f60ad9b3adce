import { readFileSync } from 'node:fs';
import { closure, type LockedPackage, lockedPackages } from './lock-file.ts';

/** Why each package that bearerd names is there; one that is not explained has no place in package.json. */
const reasons: Readonly<Record<string, string>> = {
  '@fastify/http-proxy': "routes and prefixes of the proxy; the data path behind it is bearerd's own",
  '@redis/client':
    'tokens that many processes share; loaded where `tokens.cache` names Redis, a file of its own in the package',
  fastify: 'the listeners',
  jose: 'signs assertions, verifies signatures, encrypts tokens that are kept; loaded at the first use',
  'lru-cache': 'bounds the tokens of many callers and the answers that are remembered',
  pino: 'the log',
  'pino-pretty': 'the log on a terminal; loaded there alone',
  'prom-client': 'the page of metrics; loaded at the first scrape',
  yaml: 'the configuration, with the line and column of each mistake',
};

/** docs/dependencies.md, made from package.json, package-lock.json and what the bundler put into the shipped program. */
export function dependenciesPage(): string {
  const named = Object.keys(JSON.parse(readFileSync('package.json', 'utf8')).dependencies);
  const all = lockedPackages().filter(({ dev }) => !dev);
  const bundled = bundledPackages();
  const runs = (one: LockedPackage) => bundled.has(`${one.name} ${one.version}`);
  const direct = all.filter(({ path, name }) => path === `node_modules/${name}` && named.includes(name));
  const further = all.filter((one) => !direct.includes(one));
  const yes = (one: LockedPackage) => (runs(one) ? 'yes' : 'no');
  const directRows = direct.map(
    (one) => `| ${one.name} | ${reasons[one.name]} | ${closure(one.path, all).length - 1} | ${one.licence} |`,
  );
  const furtherRows = further.map((one) => {
    const askers = all.filter(({ needs }) => needs.includes(one.path)).map(({ name }) => name);
    const twice = all.filter(({ name }) => name === one.name).length > 1;
    const name = twice ? `${one.name} ${one.version}` : one.name;
    return `| ${name} | ${[...new Set(askers)].join(', ')} | ${yes(one)} | ${one.licence} |`;
  });
  const licences = new Map<string, number>();
  for (const { licence = 'none' } of all) licences.set(licence, (licences.get(licence) ?? 0) + 1);
  const counted = [...licences].sort(([, a], [, b]) => b - a).map(([licence, count]) => `${licence} ${count}`);
  return `# Dependencies

<!-- Made from package.json, package-lock.json and the bundle by \`npm run reference\`; a test compares them. -->

bearerd names ${direct.length} packages, which bring ${further.length} more: ${all.length} in all. ${all.filter(runs).length} of them have code in the shipped program; the others
belong to parts that bearerd never uses and that are left out of the bundle (\`packaging/bundle.ts\`), but npm installs them
all the same. The image holds the bundle alone.

Licences: ${counted.join(', ')}. The texts for the code in the bundle are in \`build/bundle/third-party.txt\`.

## Named by bearerd

| package | why | brings | licence |
|---|---|---:|---|
${directRows.join('\n')}

## Brought by those

| package | needed by | in the program | licence |
|---|---|---|---|
${furtherRows.join('\n')}

## What is held to

Each by a test in \`test/supply-chain\`:

- Every package is in the lock file with its SHA-512 and comes from the registry, none from a URL or a repository.
- No production package has an install script; \`ignore-scripts\` is on for development too. bearerd itself has none.
- Licences of production packages: MIT, ISC, BSD-2-Clause, BSD-3-Clause, Apache-2.0, BlueOak-1.0.0. Others need a decision.
- The published files are listed; nothing else is packed.
- In the shipped program no package starts programs, and none makes code out of text but find-my-way (the routes of fastify), which
  does so at the start, out of templates of its own.
- A new dependency needs its reason on this page.

## A list for machines

In a checkout, without network, all packages with versions, licences and hashes as CycloneDX:

\`\`\`sh
npm sbom --package-lock-only --sbom-format cyclonedx
\`\`\`

Those of development have the property \`cdx:npm:package:development\`. Do not add \`--omit dev\`: npm then drops production packages that
a package of development needs as well, jose among them ([npm/cli#7909](https://github.com/npm/cli/issues/7909)). In a project where
bearerd is installed, the same command lists what came with it.

\`npm audit --omit dev\` asks the registry for known vulnerabilities of them.
`;
}

/** Name and version of each package with code in the bundle. */
export function bundledPackages(): Set<string> {
  const text = readFileSync('build/bundle/third-party.txt', 'utf8');
  return new Set([...text.matchAll(/^== (\S+ [^\s,]+), .+$/gm)].map(([, name = '']) => name));
}
