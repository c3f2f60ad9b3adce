import { posix } from 'node:path';
import type { SourceFile } from './source-files.ts';
import { importsOf, type SourceText, sourceText, undocumentedExports } from './source-text.ts';

/** What everybody may import: the catalog, the clock and the shape of a logger. */
const ground = ['errors', 'clock', 'log'];

/**
 * The rooms of src and the rooms that each may import besides itself. A room is a folder, or a file at the top by its
 * name. The arrows are those of docs/architecture.md.
 */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  main: ['cli', 'config', ...ground],
  cli: [
    'app',
    'doctor',
    'emulator',
    'admin',
    'inbound',
    'upstream',
    'provider',
    'token-cache',
    'config',
    'challenge',
    'token',
    ...ground,
  ],
  index: ['library', 'config', 'token', ...ground],
  library: ['app', 'provider', 'config', 'token', ...ground],
  'provider-kit': ['config', 'token', ...ground],
  app: [
    'admin',
    'inbound',
    'upstream',
    'provider',
    'token-cache',
    'tracing',
    'config',
    'challenge',
    'token',
    'net',
    ...ground,
  ],
  doctor: ['upstream', 'provider', 'config', 'challenge', 'token', 'net', ...ground],
  inbound: ['admin', 'upstream', 'tracing', 'config', 'challenge', 'token', 'net', ...ground],
  admin: ['inbound', 'config', 'challenge', 'token', ...ground],
  upstream: ['tracing', 'challenge', 'token', 'net', ...ground],
  provider: ['tracing', 'config', 'token', 'net', ...ground],
  'token-cache': ['config', 'token', ...ground],
  tracing: ['config', ...ground],
  config: ['challenge', 'token', ...ground],
  challenge: ['token', ...ground],
  token: ground,
  net: ground,
  emulator: [],
  errors: [],
  clock: [],
  log: [],
};

/** The files of config/ that providers are made of; the rest of it knows about files, routes and defaults. */
const forProviders = /^src\/config\/(?:define-provider|shape|secret|provider-definition|option\/[\w-]+)\.ts$/;
const withoutFastify = ['provider', 'token', 'token-cache', 'challenge', 'upstream', 'net', 'doctor', 'config'];
const input =
  /^node:(?:fs|net|http|https|http2|dns|tls|dgram|child_process|worker_threads|cluster|timers|process)(?:\/|$)|^undici$/;
const fileSystemModules = /^node:(?:fs|child_process)(?:\/|$)/;
const authorizationWriter = 'src/upstream/authenticated.ts';

/** Exceptions, each with its reason. */
export interface Exceptions {
  /** Files of more than 300 lines. */
  readonly long: Readonly<Record<string, string>>;
  /** Files that read or change the file system, or start programs. */
  readonly fileSystem: Readonly<Record<string, string>>;
}

/** Everything about the files that breaks an invariant of docs/architecture.md, one sentence each. */
export function violations(files: readonly SourceFile[], exceptions: Exceptions): string[] {
  const known = new Set(files.map(({ path }) => path));
  const found: string[] = [];
  const graph = new Map<string, readonly string[]>();
  for (const { path, text } of files) {
    const parts = sourceText(text);
    const imports = importsOf(parts);
    const local = imports.filter((name) => name.startsWith('.')).map((name) => posix.join(posix.dirname(path), name));
    const packages = imports.filter((name) => !name.startsWith('.'));
    graph.set(path, local);
    found.push(
      ...local
        .filter((target) => !known.has(target))
        .map((target) => `${path}: imports ${target}, which is not in src`),
      ...arrows(path, local),
      ...outsiders(path, packages, parts, exceptions),
      ...authorization(path, parts),
      ...undocumentedExports(text).map((name) => `${path}: exports ${name} without a docstring`),
    );
    const lines = text.trimEnd().split('\n').length;
    if (lines > 300 && exceptions.long[path] === undefined)
      found.push(`${path}: has ${lines} lines, 300 are the limit`);
    if (lines <= 300 && exceptions.long[path] !== undefined)
      found.push(`${path}: is no longer long; take it off the list`);
  }
  for (const path of [...Object.keys(exceptions.long), ...Object.keys(exceptions.fileSystem)]) {
    if (!known.has(path)) found.push(`${path}: is listed as an exception but does not exist`);
  }
  return [...found, ...circles(graph)];
}

/** The room of a file: `src/token/provider.ts` is in token, `src/errors.ts` is errors. */
function roomOf(path: string): string {
  return path.split('/')[1]?.replace(/\.ts$/, '') ?? '';
}

function arrows(path: string, local: readonly string[]): string[] {
  const room = roomOf(path);
  const allowed = rooms[room];
  if (allowed === undefined) return [`${path}: ${room} is not a room of docs/architecture.md`];
  return local.flatMap((target) => {
    const to = roomOf(target);
    if (to !== room && !allowed.includes(to)) return [`${path}: imports ${target}; ${room} may not import ${to}`];
    if (room === 'provider' && to === 'config' && !forProviders.test(target)) {
      return [
        `${path}: imports ${target}; of config a provider may import option, shape, secret, provider-definition and define-provider`,
      ];
    }
    return [];
  });
}

function outsiders(
  path: string,
  packages: readonly string[],
  { code }: SourceText,
  { fileSystem }: Exceptions,
): string[] {
  const room = roomOf(path);
  const found: string[] = [];
  for (const name of packages) {
    if (/^(?:fastify$|@fastify\/)/.test(name) && withoutFastify.includes(room)) {
      found.push(`${path}: imports ${name}; ${room} knows nothing of Fastify`);
    }
    if (room === 'challenge' && input.test(name)) found.push(`${path}: imports ${name}; challenge does no I/O`);
    if (fileSystemModules.test(name) && fileSystem[path] === undefined) {
      found.push(`${path}: imports ${name}; secrets are read by config/secret.ts only, other files need a reason`);
    }
    if (/^(?:node:)?process$/.test(name)) found.push(`${path}: imports ${name}; main.ts has the process as a global`);
  }
  if (fileSystem[path] !== undefined && !packages.some((name) => fileSystemModules.test(name))) {
    found.push(`${path}: no longer uses the file system; take it off the list`);
  }
  if (room === 'challenge' && /\b(?:fetch|setTimeout|setInterval|setImmediate)\s*\(/.test(code)) {
    found.push(`${path}: calls fetch or a timer; challenge does no I/O`);
  }
  // a negative number ends the process group of a child, which has no other name in Node
  const own = code.replaceAll('process.kill(-', '');
  if (path !== 'src/main.ts' && /\b(?:process|console)\s*[.[]/.test(own)) {
    found.push(`${path}: touches the process or the console; only main.ts does`);
  }
  return found;
}

/** The name of the header in quotes, unless it is only compared with: then it is read, not written. */
function authorization(path: string, { code, literals }: SourceText): string[] {
  if (path === authorizationWriter || !['inbound', 'upstream', 'admin', 'net', 'app'].includes(roomOf(path))) {
    return [];
  }
  return literals
    .filter(({ text }) => text.toLowerCase() === 'authorization')
    .filter(({ at }) => !/(?:[=!]==|\bcase)\s*$/.test(code.slice(0, at)))
    .map(() => `${path}: names the header Authorization; only ${authorizationWriter} writes it`);
}

/** Each circle of imports once, however it is entered; an import of types counts. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]) => {
    const start = trail.indexOf(path);
    if (start >= 0) found.push(`circle: ${[...trail.slice(start), path].join(' → ')}`);
    if (start >= 0 || done.has(path)) return;
    for (const target of graph.get(path) ?? []) walk(target, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) walk(path, []);
  return found;
}
