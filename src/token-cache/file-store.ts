import { open, readFile, rename, stat, unlink, utimes } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import { replaceFile } from '../config/replace-file.ts';
import type { Log } from '../log.ts';
import type { Availability, CachePart } from './availability.ts';
import { type CacheFile, cacheFileText, readCacheFile } from './cache-file.ts';
import { type Store, type Stored, StoreUnavailable } from './store.ts';

/** Milliseconds between two attempts to be the only one who writes. */
const pauseMs = 20;
/** Milliseconds without a sign of life after which a writer is taken for dead; on a slow disk writing takes seconds. */
const deadMs = 3_000;

/**
 * A store in one encrypted file, for restarts on one machine. It is replaced as a whole and read as a whole, so that
 * nobody sees a part of it; who writes takes over what others have put there meanwhile.
 */
export class FileStore implements Store {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #availability: Availability;
  /** The change that is under way in this process; never rejects. */
  #changing: Promise<unknown> = Promise.resolve();

  /** @param path absolute */
  constructor(path: string, clock: Clock, log: Log, availability: Availability) {
    this.#path = path;
    this.#clock = clock;
    this.#log = log;
    this.#availability = availability;
  }

  read(names: readonly string[]): Promise<readonly (Stored | undefined)[]> {
    return this.#watched('reading', async () => {
      const content = await this.#content();
      return names.map((name) => {
        const entry = content?.entries.get(name);
        return entry && { text: entry.text, leftMs: undefined };
      });
    });
  }

  write(name: string, text: string, lifeMs: number): Promise<void> {
    return this.#change((entries) => entries.set(name, { text, endsAtMs: this.#clock.nowMs() + lifeMs }));
  }

  drop(name: string, text: string): Promise<void> {
    return this.#change((entries) => entries.get(name)?.text === text && entries.delete(name));
  }

  /** Everybody has the lock: a restarted process finds the token, and a spare token request is harmless. */
  async lock(): Promise<boolean> {
    return true;
  }

  async extend(): Promise<void> {}

  async unlock(): Promise<void> {}

  async close(): Promise<void> {
    await this.#changing;
  }

  /** What is in the file that has not ended; undefined where it is not ours or damaged. */
  async #content(): Promise<CacheFile | undefined> {
    const text = await readFile(this.#path, 'utf8').catch((error: unknown) => {
      if (isCode(error, 'ENOENT')) return undefined;
      throw error;
    });
    return readCacheFile(text, this.#clock.nowMs());
  }

  /** What cannot be read is put aside, not destroyed: the path may be a mistake. */
  async #startAfresh(): Promise<CacheFile> {
    const aside = `${this.#path}.unreadable`;
    await rename(this.#path, aside);
    const message = `${this.#path} is not a token cache that can be read; it is now ${aside}, and the cache starts afresh`;
    this.#log.warn({ event: 'token_cache_unreadable', file: this.#path }, message);
    return { entries: new Map() };
  }

  /** Reads, changes and replaces the file while nobody else does. */
  #change(change: (entries: CacheFile['entries']) => unknown): Promise<void> {
    const changed = this.#changing.then(() =>
      this.#watched('writing', async () => {
        const done = await this.#alone();
        try {
          const content = (await this.#content()) ?? (await this.#startAfresh());
          change(content.entries);
          await replaceFile(this.#path, cacheFileText(content));
        } finally {
          await done();
        }
      }),
    );
    this.#changing = changed.catch(() => {});
    return changed;
  }

  /** Waits for other processes that write, with a file beside that only one can make; one that is left over is removed. */
  async #alone(): Promise<() => Promise<void>> {
    const beside = `${this.#path}.lock`;
    for (;;) {
      try {
        await (await open(beside, 'wx', 0o600)).close();
        return letGoOf(beside);
      } catch (error) {
        if (!isCode(error, 'EEXIST')) throw error;
      }
      const madeMs = await stat(beside).then(
        ({ mtimeMs }) => mtimeMs,
        () => undefined,
      );
      // By the wall clock, because the file has no other; one from the future is left over as well.
      const old = madeMs !== undefined && Math.abs(Date.now() - madeMs) > deadMs;
      if (old) await unlink(beside).catch(unlessGone);
      else await delay(pauseMs * (0.5 + Math.random()));
    }
  }

  /** Tells of trouble when it begins and when it ends. @throws StoreUnavailable */
  async #watched<T>(part: CachePart, work: () => Promise<T>): Promise<T> {
    const tell = this.#availability.attempt(part);
    try {
      const result = await work();
      tell(undefined);
      return result;
    } catch (cause) {
      const problem = `${this.#path} cannot be used${cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''}`;
      tell(problem);
      throw new StoreUnavailable(problem, { cause });
    }
  }
}

/** Shows that its writer lives, until it is called; it removes the file then. */
function letGoOf(beside: string): () => Promise<void> {
  const alive = setInterval(() => void utimes(beside, new Date(), new Date()).catch(() => {}), deadMs / 3).unref();
  return () => {
    clearInterval(alive);
    return unlink(beside).catch(() => {});
  };
}

/** Somebody else has removed it; what cannot be removed, another user's in a folder of all, is told. */
function unlessGone(error: unknown): void {
  if (!isCode(error, 'ENOENT')) throw error;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
