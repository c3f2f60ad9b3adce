import pino from 'pino';

/** The part of a pino logger that the rest of the program uses: fields first, then one sentence. */
export interface Log {
  readonly trace: (fields: object, message: string) => void;
  readonly debug: (fields: object, message: string) => void;
  readonly info: (fields: object, message: string) => void;
  readonly warn: (fields: object, message: string) => void;
  readonly error: (fields: object, message: string) => void;
}

/** How much is logged, how, and where to. */
export interface LogOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** pretty = for people, json = one object per line. */
  readonly format: 'pretty' | 'json';
  readonly color: boolean;
  readonly stream: NodeJS.WritableStream;
  /** Takes known secrets out of a line, the last of several defences. */
  readonly redact: (line: string) => string;
}

/** A log that also takes lines which are composed already: composing one per request in the general way was a seventh of its cost. */
export interface LineLog extends Log {
  /** Lines of level info are written at present. */
  readonly informs: () => boolean;
  /**
   * Writes a line of level info, whether or not `informs` says so.
   * @param rest what follows the time: JSON members with a comma before each, `"msg"` last, the brace and the line feed
   * @param nowMs epoch milliseconds
   */
  readonly line: (rest: string, nowMs: number) => void;
}

/** A log that has lines in hand. */
export interface BatchedLog extends LineLog {
  /** The same log with fields on every line. */
  readonly child: (fields: Record<string, string>) => Log;
  /** Another level from now on, for children too. */
  readonly setLevel: (level: LogOptions['level']) => void;
  /** Writes what is in hand; call it before the process ends. */
  readonly flush: () => void;
}

/** Milliseconds that a line may wait for others: one write for many lines costs a tenth of one each. */
const batchMs = 50;
const batchBytes = 16 * 1024;

/** Makes the program's log; lines leave in batches. */
export async function createLog(options: LogOptions): Promise<BatchedLog> {
  const batch = new Batch(options.stream, options.redact);
  const destination = options.format === 'json' ? batch : await pretty(batch, options.color);
  const time = new LineTime();
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: () => time.at(Date.now()),
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  let informs = logger.isLevelEnabled('info');
  return {
    ...writing(logger, (fields) => fields),
    // pino's own children keep the level that they were made with
    child: (always) => writing(logger, (fields) => ({ ...always, ...fields })),
    setLevel: (level) => {
      logger.level = level;
      informs = logger.isLevelEnabled('info');
    },
    informs: () => informs,
    line: (rest, nowMs) => destination.write(`{"level":"info"${time.at(nowMs)}${rest}`),
    flush: () => batch.flush(),
  };
}

/** The time of a line, ISO 8601 with milliseconds; its text is made once per second and per millisecond. */
class LineTime {
  #ms = Number.NaN;
  #second = Number.NaN;
  /** Up to the point before the milliseconds. */
  #upToSecond = '';
  #text = '';

  /** @param ms epoch milliseconds @returns a member with a comma before it */
  at(ms: number): string {
    if (ms === this.#ms) return this.#text;
    const second = Math.floor(ms / 1000);
    if (second !== this.#second) this.#upToSecond = new Date(second * 1000).toISOString().slice(0, -'000Z'.length);
    this.#second = second;
    this.#ms = ms;
    this.#text = `,"time":"${this.#upToSecond}${String(ms - second * 1000).padStart(3, '0')}Z"`;
    return this.#text;
  }
}

/** Looks the method up for each line, because another level puts others in their places. */
function writing(logger: pino.Logger, complete: (fields: object) => object): Log {
  return {
    trace: (fields, message) => logger.trace(complete(fields), message),
    debug: (fields, message) => logger.debug(complete(fields), message),
    info: (fields, message) => logger.info(complete(fields), message),
    warn: (fields, message) => logger.warn(complete(fields), message),
    error: (fields, message) => logger.error(complete(fields), message),
  };
}

async function pretty(batch: Batch, colorize: boolean): Promise<pino.DestinationStream> {
  // CommonJS: in the bundle (packaging/bundle.ts) its names are there by way of default only
  const { prettyFactory } = (await import('pino-pretty')).default;
  const format = prettyFactory({ colorize, singleLine: true, translateTime: 'SYS:HH:MM:ss.l', hideObject: false });
  return { write: (line) => batch.write(format(line) ?? line) };
}

/** Collects lines and writes them together. */
class Batch {
  /** UTF-8. Copied while they are at hand: texts that waited would be trees of pieces all over the memory (docs/decisions/0001-data-path.md). */
  readonly #lines = Buffer.allocUnsafeSlow(4 * batchBytes);
  #length = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #stream: NodeJS.WritableStream;
  readonly #redact: (line: string) => string;

  constructor(stream: NodeJS.WritableStream, redact: (line: string) => string) {
    this.#stream = stream;
    this.#redact = redact;
  }

  write(line: string): void {
    // a character takes three bytes at most, half of a surrogate pair included
    if (this.#length + 3 * line.length > this.#lines.length) {
      this.flush();
      if (3 * line.length > this.#lines.length) {
        this.#stream.write(this.#redact(line));
        return;
      }
    }
    this.#length += this.#lines.write(line, this.#length);
    if (this.#length >= batchBytes) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), batchMs);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#length === 0) return;
    const lines = this.#lines.toString('utf8', 0, this.#length);
    this.#length = 0;
    this.#stream.write(this.#redact(lines));
  }
}
