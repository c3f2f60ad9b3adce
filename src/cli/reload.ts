import type { Addresses, App } from '../app.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { ConfigurationError } from '../config/configuration-error.ts';
import { formatProblem } from '../config/input.ts';
import type { Loaded } from '../config/load.ts';
import { FileWatch } from '../config/watch.ts';
import { BearerdError } from '../errors.ts';
import type { BatchedLog } from '../log.ts';

/** What a reload works on. */
export interface ReloaderParts {
  readonly app: Pick<App, 'reload' | 'reloadFailed'>;
  readonly log: BatchedLog;
  /** Reads the configuration again, from where it was read at the start. @throws ConfigurationError */
  readonly load: () => Loaded;
  /** The configuration in force. */
  readonly first: Loaded;
  /** Epoch milliseconds before it was read. */
  readonly firstReadMs: number;
  readonly clock: Clock;
  /** Called with where the app listens after each reload. */
  readonly onTakenOver: (addresses: Addresses, config: Config) => void;
  /** Milliseconds between two looks at the files; by default watchIntervalMs. */
  readonly intervalMs?: number;
}

/** Reads the configuration again when it is told to and when a file has changed (interface section 9); one at a time. */
export class Reloader {
  readonly #parts: ReloaderParts;
  readonly #watch: FileWatch;
  #config: Config;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(parts: ReloaderParts) {
    this.#parts = parts;
    this.#config = parts.first.config;
    this.#watch = new FileWatch((changed) => this.#queue(changed), parts.intervalMs);
  }

  /** Begins to watch the files of the configuration in force. */
  async start(): Promise<void> {
    const { first, firstReadMs } = this.#parts;
    await this.#watch.watch(first.files, firstReadMs, true);
    this.#watch.start();
  }

  /** Reads everything again at once; failures of all credentials are forgotten. Never rejects. */
  async now(): Promise<void> {
    await this.#watch.look(); // what has changed is read now, not once more by the next look
    await this.#queue('all');
  }

  /** Ends it; resolves when a reload that has begun is over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#watch.stop();
    await this.#running;
  }

  #queue(changed: readonly string[] | 'all'): Promise<void> {
    this.#running = this.#running.then(() => (this.#stopped ? undefined : this.#reload(changed)));
    return this.#running;
  }

  async #reload(changed: readonly string[] | 'all'): Promise<void> {
    const { app, log, load, onTakenOver, clock } = this.#parts;
    const before = this.#config;
    const readMs = clock.nowMs();
    try {
      const { config, warnings, files } = load();
      const addresses = await app.reload(config, changed);
      this.#config = config;
      await this.#watch.watch(files, readMs, true);
      log.setLevel(config.log.level);
      const why = changed === 'all' ? 'SIGHUP' : `changed: ${changed.join(', ')}`;
      log.info({ event: 'config_reloaded', changed }, `the configuration was read again and is in force (${why})`);
      for (const warning of warnings) log.warn({ event: 'config_warning' }, formatProblem(warning));
      const fixed = needRestart(before, config);
      if (fixed.length > 0) {
        const message = `${fixed.join(', ')}: takes effect with the next start only`;
        log.warn({ event: 'config_needs_restart', settings: fixed }, message);
      }
      onTakenOver(addresses, config);
    } catch (error) {
      // it may be mended in a file that the configuration in force does not name
      if (error instanceof ConfigurationError) {
        await this.#watch.watch([...new Set([...this.#watch.files, ...error.files])], readMs, false);
      }
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    const { app, log } = this.#parts;
    const problems = problemsOf(error);
    app.reloadFailed(problems);
    const fields = {
      event: 'config_reload_failed',
      problems,
      ...(error instanceof BearerdError ? {} : { err: error }),
    };
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
    log.error(fields, `the new configuration is not taken over, the one before stays in force: ${problems[0]}${more}`);
  }
}

/** One sentence for each problem. */
function problemsOf(error: unknown): readonly string[] {
  if (error instanceof ConfigurationError) {
    return error.problems.filter(({ severity }) => severity === 'error').map(formatProblem);
  }
  if (error instanceof BearerdError) return [error.message];
  return ['it could not be taken over for a reason of bearerd itself; see the log'];
}

/** Settings that have changed and that a running process cannot take over. */
export function needRestart(before: Config, after: Config): string[] {
  const fixed: readonly (readonly [name: string, value: (config: Config) => unknown])[] = [
    ['limits.headersSize', ({ limits }) => limits.headersSize],
    ['log.format', ({ log }) => log.format],
  ];
  return fixed.filter(([, value]) => value(before) !== value(after)).map(([name]) => name);
}
