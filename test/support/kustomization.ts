import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

/** A resource of Kubernetes, as far as this file looks at it. */
export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [key: string]: unknown;
}

/** The fields of a kustomization that are understood here; any other is refused. */
interface Kustomization {
  readonly namespace?: string;
  readonly resources: readonly string[];
  readonly configMapGenerator?: readonly { readonly name: string; readonly files: readonly string[] }[];
  readonly images?: readonly { readonly name: string; readonly newName: string; readonly newTag: string }[];
  readonly patches?: readonly { readonly path: string }[];
}

const understood = ['apiVersion', 'kind', 'namespace', 'resources', 'configMapGenerator', 'images', 'patches'];

/**
 * What `kubectl kustomize FOLDER` would give, but for the hash behind the names of generated ConfigMaps: a small part of
 * kustomize, because Debian has none that is younger than its present syntax.
 * @throws Error naming the first thing that does not fit: a file, a field, a patch without a target
 */
export function kustomized(folder: string): readonly Resource[] {
  const written: Kustomization = parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8'));
  const strange = Object.keys(written).filter((key) => !understood.includes(key));
  if (strange.length > 0) throw new Error(`${folder}: ${strange.join(', ')} is not understood here`);
  const { resources, configMapGenerator = [], images = [], patches = [], namespace } = written;
  let built: readonly Resource[] = [
    ...resources.flatMap((path) =>
      path.endsWith('.yaml') ? documents(join(folder, path)) : kustomized(join(folder, path)),
    ),
    ...configMapGenerator.map(({ name, files }) => configMap(name, files, folder)),
  ];
  for (const { path } of patches) {
    for (const patch of documents(join(folder, path))) built = patched(built, patch, path);
  }
  for (const { name, newName, newTag } of images) {
    const before = JSON.stringify(built);
    const after = before.replaceAll(new RegExp(`"image":"${name}:[^"]*"`, 'g'), `"image":"${newName}:${newTag}"`);
    if (after === before) throw new Error(`${folder}: no container has the image ${name}`);
    built = JSON.parse(after);
  }
  if (namespace === undefined) return built;
  return built.map((one) => (one.kind === 'Namespace' ? one : { ...one, metadata: { ...one.metadata, namespace } }));
}

/** The files of a folder that no kustomization there names. */
export function unnamed(folder: string): readonly string[] {
  const text = readFileSync(join(folder, 'kustomization.yaml'), 'utf8');
  return readdirSync(folder).filter((name) => name !== 'kustomization.yaml' && !text.includes(name));
}

function documents(path: string): Resource[] {
  return parseAllDocuments(readFileSync(path, 'utf8')).map((document) => document.toJS());
}

function configMap(name: string, files: readonly string[], folder: string): Resource {
  const data = Object.fromEntries(files.map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
}

function patched(resources: readonly Resource[], patch: Resource, path: string): readonly Resource[] {
  const isTarget = ({ apiVersion, kind, metadata }: Resource): boolean =>
    apiVersion === patch.apiVersion && kind === patch.kind && metadata.name === patch.metadata.name;
  if (!resources.some(isTarget)) throw new Error(`${path}: there is no ${patch.kind} ${patch.metadata.name}`);
  // what was a resource stays one: a patch has the same kind and name
  return resources.map((one) => (isTarget(one) ? (merged(one, patch) as Resource) : one));
}

/** A strategic merge: groups by key, lists whose items have names by name, everything else is replaced. */
function merged(base: unknown, patch: unknown): unknown {
  if (isNamed(base) && isNamed(patch)) {
    const strangers = patch.filter(({ name }) => !base.some((one) => one.name === name));
    const changed = base.map((one) => merged(one, patch.find(({ name }) => name === one.name) ?? {}));
    return [...changed, ...strangers];
  }
  if (!isGroup(base) || !isGroup(patch)) return patch;
  const keys = new Set([...Object.keys(base), ...Object.keys(patch)]);
  return Object.fromEntries([...keys].map((key) => [key, key in patch ? merged(base[key], patch[key]) : base[key]]));
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNamed(value: unknown): value is readonly { readonly name: string }[] {
  return (
    Array.isArray(value) && value.length > 0 && value.every((one) => isGroup(one) && typeof one['name'] === 'string')
  );
}
