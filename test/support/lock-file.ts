import { readFileSync } from 'node:fs';

/** An installed package as the lock file knows it. */
export interface LockedPackage {
  /** Where it lies: `node_modules/a/node_modules/b`. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  /** SPDX expression; undefined = the package says nothing. */
  readonly licence: string | undefined;
  /** Whether only development needs it. */
  readonly dev: boolean;
  readonly hasInstallScript: boolean;
  /** Its SHA-512; undefined = it would be installed unseen. */
  readonly integrity: string | undefined;
  /** Where it would come from, if the lock file fixes that. */
  readonly resolved: string | undefined;
  /** Paths of the packages that it needs, in the order of its manifest. */
  readonly needs: readonly string[];
}

interface Entry {
  readonly version: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly hasInstallScript?: boolean;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Every package of a lock file but the project itself. @param file of lockfileVersion 3 */
export function lockedPackages(file = 'package-lock.json'): LockedPackage[] {
  const packages: Readonly<Record<string, Entry>> = JSON.parse(readFileSync(file, 'utf8')).packages;
  return Object.entries(packages)
    .filter(([path]) => path !== '')
    .map(([path, entry]) => ({
      path,
      name: nameOf(path),
      version: entry.version,
      licence: entry.license,
      dev: entry.dev === true || entry.devOptional === true,
      hasInstallScript: entry.hasInstallScript === true,
      integrity: entry.integrity,
      resolved: entry.resolved,
      needs: Object.keys({ ...entry.dependencies, ...entry.optionalDependencies }).flatMap(
        (name) => nearest(path, name, packages) ?? [],
      ),
    }));
}

/** Paths of a package and of all that it needs, itself first. */
export function closure(path: string, packages: readonly LockedPackage[]): string[] {
  const found = new Set([path]);
  for (const one of found) {
    for (const needed of packages.find((other) => other.path === one)?.needs ?? []) found.add(needed);
  }
  return [...found];
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

/** Where Node finds a package: in the folder of the one that asks, or in one above. */
function nearest(from: string, name: string, packages: Readonly<Record<string, unknown>>): string | undefined {
  const folders = from.split('/node_modules/');
  for (let depth = folders.length; depth > 0; depth -= 1) {
    const path = `${folders.slice(0, depth).join('/node_modules/')}/node_modules/${name}`;
    if (packages[path] !== undefined) return path;
  }
  return packages[`node_modules/${name}`] === undefined ? undefined : `node_modules/${name}`;
}
