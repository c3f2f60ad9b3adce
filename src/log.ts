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

/** A log that has lines in hand. */
export interface BatchedLog extends Log {
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
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return {
    ...writing(logger, (fields) => fields),
    // pino's own children keep the level that they were made with
    child: (always) => writing(logger, (fields) => ({ ...always, ...fields })),
    setLevel: (level) => {
      logger.level = level;
    },
    flush: () => batch.flush(),
  };
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
  #lines = '';
  #timer: NodeJS.Timeout | undefined;
  readonly #stream: NodeJS.WritableStream;
  readonly #redact: (line: string) => string;

  constructor(stream: NodeJS.WritableStream, redact: (line: string) => string) {
    this.#stream = stream;
    this.#redact = redact;
  }

  write(line: string): void {
    this.#lines += line;
    if (this.#lines.length >= batchBytes) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), batchMs);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines === '') return;
    const lines = this.#lines;
    this.#lines = '';
    this.#stream.write(this.#redact(lines));
  }
}
