import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { constants, Script } from 'node:vm';

// Shipped as build/bundle/load.js, a CommonJS module: the way from the small entry files to the one program
// (docs/decisions/0002-cold-start.md).

/** What program.cjs exports: each part runs when it is asked for. */
interface Program {
  readonly start: () => Promise<unknown>;
  readonly library: () => Readonly<Record<string, unknown>>;
  readonly providerKit: () => Readonly<Record<string, unknown>>;
}

/** First digits of the program's SHA-256, written in by packaging/bundle.ts: V8 itself compares nothing but the length. */
declare const programHash: string;

/** A start is over by then, and most of what a run needs has been compiled. */
const writeAfterMs = 2_000;

let program: Program | undefined;

/** The program for whoever embeds it, compiled once in a process. */
export function load(): Program {
  program ??= run(compile(undefined));
  return program;
}

/** The commands: in a process of their own, with what V8 made of the program at an earlier start where there is any. */
export function start(): Promise<unknown> {
  program ??= run(compile(cacheFile()));
  return program.start();
}

function compile(cache: string | undefined): Script {
  const path = join(__dirname, 'program.cjs');
  // esbuild writes ASCII; as Latin-1 V8 keeps it in one byte a character, and takes it as it is: a function around it is in the file
  const source = readFileSync(path, 'latin1');
  const cachedData = cache === undefined ? undefined : read(cache);
  const script = new Script(source, {
    filename: path,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  if (cache !== undefined && (cachedData === undefined || script.cachedDataRejected === true)) {
    setTimeout(() => write(cache, codeOf(script)), writeAfterMs).unref();
  }
  return script;
}

/** Compiled code is for one set of flags: for V8's own, with which a start begins, and not for those that cli/serve.ts changes. */
function codeOf(script: Script): Buffer {
  setFlagsFromString('--allocation-site-pretenuring');
  setFlagsFromString('--heap-growing-percent=0');
  const code = script.createCachedData();
  setFlagsFromString('--no-allocation-site-pretenuring');
  setFlagsFromString('--heap-growing-percent=300');
  return code;
}

function run(script: Script): Program {
  // packaging/bundle.ts writes what is run here
  const module = { exports: {} as Program };
  script.runInThisContext()(module.exports, module, require, pathToFileURL(__filename).href);
  return module.exports;
}

/** Where the compiled code is kept: NODE_COMPILE_CACHE, beside the program (an image brings it), or with the user's caches. */
function cacheFile(): string | undefined {
  const { env } = process;
  if (env['NODE_DISABLE_COMPILE_CACHE'] !== undefined) return undefined;
  const name = `bearerd-${programHash}-${process.version}-${process.arch}.v8`;
  const beside = join(__dirname, 'cache', name);
  const named = env['NODE_COMPILE_CACHE'];
  if (named !== undefined && named !== '') return join(named, name);
  if (statSync(beside, { throwIfNoEntry: false }) !== undefined) return beside;
  // relative folders are to be ignored (XDG Base Directory Specification); without a home there is no such folder
  const folder = [env['XDG_CACHE_HOME'] ?? '', join(homedir(), '.cache')].find(isAbsolute);
  return folder === undefined ? undefined : join(folder, 'bearerd', name);
}

/** Code from a file that somebody else may write is not run. */
function read(file: string): Buffer | undefined {
  try {
    return isOurs(file) && isOurs(dirname(file)) ? readFileSync(file) : undefined;
  } catch {
    return undefined;
  }
}

function isOurs(path: string): boolean {
  const { uid, mode } = statSync(path);
  const user = process.getuid?.();
  return user === undefined || ((uid === user || uid === 0) && (mode & 0o022) === 0);
}

/** Nothing depends on it: a full disk or a read-only home only makes the next start as slow as this one. */
function write(file: string, code: Buffer): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const temporary = `${file}.${process.pid}`;
    writeFileSync(temporary, code, { mode: 0o600, flag: 'wx' });
    renameSync(temporary, file);
  } catch {
    // the next start tries again
  }
}
