import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { bundledPackages, dependenciesPage } from '../support/dependencies-page.ts';
import { closure, lockedPackages } from '../support/lock-file.ts';
import { runCommandsOf } from '../support/page-commands.ts';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const locked = lockedPackages();
const production = locked.filter(({ dev }) => !dev);
const lockFiles = ['package-lock.json', 'bench/package-lock.json', 'test/system/newman/package-lock.json'];

/** What may be shipped together with MIT code, asking for no more than its text. */
const allowed = ['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', 'BlueOak-1.0.0'];

t.test(
  'docs/dependencies.md is what the lock file says, each dependency explained; npm run reference writes it',
  async (t) => {
    const page = readFileSync('docs/dependencies.md', 'utf8');
    t.equal(page, dependenciesPage());
    t.notMatch(page, 'undefined', 'each has its reason and its licence');
    for (const { name } of production) t.match(page, `| ${name}`, name);
  },
);

t.test('the lock file is that of package.json, and production is what it reaches from there', async (t) => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  t.same(packages[''].dependencies, manifest.dependencies);
  t.same(packages[''].devDependencies, manifest.devDependencies);
  const reached = Object.keys(manifest.dependencies).flatMap((name) => closure(`node_modules/${name}`, locked));
  t.same([...new Set(reached)].sort(), production.map(({ path }) => path).sort());
});

t.test('licences of production packages are on the list, in the lock file and in the package itself', async (t) => {
  for (const { path, licence } of production) {
    t.ok(allowed.includes(licence ?? ''), `${path}: ${licence}`);
    t.equal(JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')).license, licence, path);
  }
});

t.test('the licences of what is in the bundle are packed with it', async (t) => {
  const text = readFileSync('build/bundle/third-party.txt', 'utf8');
  const bundled = bundledPackages();
  const known = production.map(({ name, version }) => `${name} ${version}`);
  t.same(
    [...bundled].filter((one) => !known.includes(one)),
    [],
    'no package of development is in the bundle',
  );
  for (const name of Object.keys(manifest.dependencies))
    t.ok(
      [...bundled].some((one) => one.startsWith(`${name} `)),
      name,
    );
  t.equal(text.match(/^== /gm)?.length, bundled.size);
  t.match(text, /^== pino [\d.]+, MIT\n\nThe MIT License \(MIT\)\n\nCopyright/m);
});

t.test('nothing of somebody else runs when bearerd is installed', async (t) => {
  t.same(
    production.filter(({ hasInstallScript }) => hasInstallScript),
    [],
  );
  // esbuild looks for its program at the first call where the script has not run
  const scripted = locked.filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => name);
  t.same(scripted, ['esbuild']);
  t.match(readFileSync('.npmrc', 'utf8'), /^ignore-scripts=true$/m);
  const own = Object.keys(manifest.scripts).filter((name) =>
    /^(?:pre|post)?(?:install|prepare|publish|pack)/.test(name),
  );
  t.same(own, []);
  for (const file of lockFiles.slice(1))
    t.same(
      lockedPackages(file).filter((one) => one.hasInstallScript),
      [],
      file,
    );
});

t.test('every package comes from the registry, with its hash', async (t) => {
  for (const file of lockFiles) {
    t.equal(JSON.parse(readFileSync(file, 'utf8')).lockfileVersion, 3);
    for (const { path, integrity, resolved, version } of lockedPackages(file)) {
      t.match(integrity, /^sha512-/, `${file}: ${path}`);
      t.equal(resolved, undefined, `${file}: ${path}: the registry of whoever installs`);
      t.match(version, /^\d+\.\d+\.\d+/, `${file}: ${path}`);
    }
  }
  const asked = { ...manifest.dependencies, ...manifest.devDependencies };
  for (const [name, range] of Object.entries(asked)) t.match(range, /^\^\d+\.\d+\.\d+$/, name);
});

interface Component {
  readonly name: string;
  readonly version: string;
  readonly properties: readonly { readonly name: string }[];
}

runCommandsOf('docs/dependencies.md', [
  [
    /^npm (sbom --package-lock-only --sbom-format cyclonedx)$/,
    (t, [words = '']) => {
      const { status, stdout, stderr } = spawnSync('npm', [...words.split(' '), '--offline'], { encoding: 'utf8' });
      t.equal(status, 0, stderr);
      const { components }: { components: readonly Component[] } = JSON.parse(stdout);
      const isDev = ({ properties }: Component) =>
        properties.some(({ name }) => name === 'cdx:npm:package:development');
      t.same(
        components
          .filter((one) => !isDev(one))
          .map(({ name, version }) => `${name} ${version}`)
          .sort(),
        production.map(({ name, version }) => `${name} ${version}`).sort(),
      );
      t.ok(components.some(isDev), 'those of development are marked');
    },
  ],
]);
