import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Launch } from './child.ts';
import type { Place, Subject } from './subject.ts';
import type { World } from './world.ts';

/** This file is compiled to build/bench. */
const repository = new URL('../../', import.meta.url).pathname;
// package.json is ours
const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { bin: { bearerd: string } };

/** What differs between the forms of the product that are measured. */
export interface Form {
  readonly accessLog?: boolean;
  /** With the compiled code that an earlier start left (docs/decisions/0002-cold-start.md). */
  readonly codeCache?: boolean;
  /** More settings, beside `listen`, `admin` and `log`; they replace the one route and its credential. */
  readonly settings?: (place: Place) => object;
}

/** The built product as its package names it, with everything on that is on by default but (unless asked for) the access log. */
export function product(name: string, form: Form = {}): Subject {
  return { name, launch: (place, port) => launch(name, form, place, port) };
}

/** The cache folder of a user who starts bearerd in this world. */
export function cacheFolder({ folder }: World): string {
  return join(folder, 'cache');
}

function launch(
  name: string,
  { accessLog = false, codeCache = false, settings = oneRoute }: Form,
  place: Place,
  port: number,
): Launch {
  const { folder } = place.world;
  const file = join(folder, `${name.replace(/\W+/g, '-')}-${port}.json`);
  const common = {
    listen: `127.0.0.1:${port}`,
    admin: '127.0.0.1:0',
    log: { format: 'json', level: accessLog ? 'info' : 'warn', access: accessLog },
  };
  writeFileSync(file, JSON.stringify({ ...common, ...settings(place) }), { mode: 0o600 });
  return {
    command: process.execPath,
    args: [...nodeFlags(), join(repository, manifest.bin.bearerd), 'run', '--config', file],
    env: codeCache ? { XDG_CACHE_HOME: cacheFolder(place.world) } : { NODE_DISABLE_COMPILE_CACHE: '1' },
    errorFile: join(folder, `${name.replace(/\W+/g, '-')}.log`),
  };
}

/** Flags for the product's Node, to try them: BENCH_NODE_FLAGS="--max-semi-space-size=1". */
function nodeFlags(): string[] {
  return (process.env['BENCH_NODE_FLAGS'] ?? '').split(' ').filter((flag) => flag !== '');
}

function oneRoute({ upstream, world, tokenPath }: Place): object {
  return { upstream, credential: clientCredentials(`${world.tokens}${tokenPath}`, 'bench') };
}

function clientCredentials(tokenEndpoint: string, clientId: string): object {
  return { tokenEndpoint, clientId, clientSecret: 'bench-secret' };
}

/** One route that asks for its first token when it is needed. */
export function lazyTokens(place: Place): object {
  return { ...oneRoute(place), tokens: { eager: false } };
}

/** One route whose upstream has so many seconds for its answer. */
export function answersWithin(seconds: number): (place: Place) => object {
  return (place) => ({ ...oneRoute(place), timeouts: { headers: `${seconds}s` } });
}

/** 1,000 routes /r0000 to /r0999 that use 100 credentials. */
export function manyRoutes({ upstream, world, tokenPath }: Place): object {
  const credentials = Array.from({ length: 100 }, (_, i) => [
    `c${i}`,
    clientCredentials(`${world.tokens}${tokenPath}`, `bench-${i}`),
  ]);
  const routes = Array.from({ length: 1_000 }, (_, i) => {
    const name = `r${String(i).padStart(4, '0')}`;
    return { name, path: `/${name}`, upstream: `${upstream}/${name}`, credential: `c${i % 100}` };
  });
  return { routes, credentials: Object.fromEntries(credentials) };
}
