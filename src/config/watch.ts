import { createHash } from 'node:crypto';
import { readFile, realpath, stat } from 'node:fs/promises';

/** Milliseconds between two looks at the files. */
export const watchIntervalMs = 1_000;
/** Milliseconds for which a change must stand: an editor empties a file before it writes it. */
const settleMs = 100;

/** One file as it was last seen. */
interface Seen {
  /** Where the links lead and which file is there: whatever makes another content likely. */
  readonly place: string;
  /** sha256 of the content; empty = it could not be read; undefined = not known what was read of it. */
  readonly content: string | undefined;
  /** Epoch milliseconds of the last change, by the file system; infinite = it was changed while it was looked at. */
  readonly changedMs: number;
}

/** Milliseconds that a file system's clock may be behind the process's: the kernel stamps files with a coarser one. */
const clockSlackMs = 20;

/**
 * Tells when the content of one of several files has changed.
 *
 * It looks about once a second instead of using fs.watch: on a file that Kubernetes mounts (`..data` is a link that is
 * replaced) fs.watch reports the first rotation and misses the second (measured), and on bind mounts and network file
 * systems it may report nothing at all. A stat per file and second costs next to nothing; the content is read only when
 * the file is another one, and only another content counts. Contents are kept as hashes, because they may be secrets.
 */
export class FileWatch {
  readonly #changed: (files: readonly string[]) => Promise<void>;
  readonly #intervalMs: number;
  #files: Map<string, Seen> = new Map();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  /** Which list was given last: an older one may take longer to look at. */
  #lists = 0;

  /** @param changed called with the paths, as they were given; must not reject. The next look waits for it. */
  constructor(changed: (files: readonly string[]) => Promise<void>, intervalMs: number = watchIntervalMs) {
    this.#changed = changed;
    this.#intervalMs = intervalMs;
  }

  /**
   * Watches these files and no others from now on: the present content of a new one, what is known of the others.
   * @param readMs epoch milliseconds before they were read: a new one that has changed since counts as changed.
   * @param wereThere all of them could be read, so that a new one that is not there counts as changed too.
   */
  async watch(files: readonly string[], readMs: number, wereThere: boolean): Promise<void> {
    const known = this.#files;
    this.#lists += 1;
    const list = this.#lists;
    const first = async (file: string): Promise<Seen> => {
      const seen = await see(file, undefined);
      const asRead = seen.content === '' ? !wereThere : seen.changedMs < readMs - clockSlackMs;
      return asRead ? seen : { ...seen, place: '', content: undefined };
    };
    const seen = await Promise.all(files.map(async (file) => [file, known.get(file) ?? (await first(file))] as const));
    if (list === this.#lists) this.#files = new Map(seen);
  }

  /** The files that are watched. */
  get files(): readonly string[] {
    return [...this.#files.keys()];
  }

  /** Begins to look. */
  start(): void {
    this.#next();
  }

  /** Ends it; no timer stays behind. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Looks once and takes what it finds as known. @returns the files whose content is another than before */
  async look(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const [file, before] of this.#files) {
      const now = await see(file, before);
      if (this.#files.get(file) !== before) continue; // watch() was called meanwhile
      this.#files.set(file, now);
      if (now.content !== before.content) found.push(file);
    }
    return found;
  }

  async #round(): Promise<void> {
    const found = new Set(await this.look());
    for (let fresh = found.size; fresh > 0 && !this.#stopped; ) {
      await new Promise((resolve) => {
        this.#timer = setTimeout(resolve, settleMs);
      });
      const more = await this.look();
      for (const file of more) found.add(file);
      fresh = more.length;
    }
    if (found.size > 0 && !this.#stopped) await this.#changed([...found]);
    this.#next();
  }

  #next(): void {
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#round(), this.#intervalMs);
  }
}

async function see(file: string, before: Seen | undefined): Promise<Seen> {
  try {
    const { place, changedMs } = await whereabouts(file);
    if (place === before?.place) return before;
    const content = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
    // what was changed in between was read, and its times are not those of before
    const stands = (await whereabouts(file)).place === place;
    return { place, content, changedMs: stands ? changedMs : Number.POSITIVE_INFINITY };
  } catch {
    // gone, or not readable any more: reading the configuration again says so in words
    return { place: '', content: '', changedMs: 0 };
  }
}

async function whereabouts(file: string): Promise<Pick<Seen, 'place' | 'changedMs'>> {
  const [path, { dev, ino, size, mtimeMs, ctimeMs }] = await Promise.all([realpath(file), stat(file)]);
  // a link that is replaced changes none of the file's own times, but the path that it leads to
  const place = [path, dev, ino, size, mtimeMs, ctimeMs].join(' ');
  return { place, changedMs: Math.max(mtimeMs, ctimeMs) };
}
