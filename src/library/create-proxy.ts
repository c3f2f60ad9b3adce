import type { Addresses, App } from '../app.ts';
import { systemClock } from '../clock.ts';
import { formatProblem } from '../config/input.ts';
import { type Loaded, loadConfig } from '../config/load.ts';
import { type EmbeddingOptions, embeddedLog, embedding } from './settings.ts';

/** A configuration: the path of a file, or an object with the keys of docs/configuration.md. */
export type ConfigSource = string | Readonly<Record<string, unknown>>;

/** A proxy in a program of yours. */
export interface EmbeddedProxy {
  /** Where it listens, for example `http://127.0.0.1:8080` or `unix:/path`; empty before start() and after stop(). */
  readonly urls: readonly string[];
  /** Where health and metrics are; undefined = off, as it is unless the configuration has `admin`. */
  readonly adminUrl: string | undefined;
  /** What the configuration in force makes one wonder about: `place: key: what; what to do`. */
  readonly warnings: readonly string[];
  /** Opens the listeners and asks for the first tokens. @returns urls @throws BearerdError BEARERD_LISTEN */
  start(): Promise<readonly string[]>;
  /**
   * Takes a configuration over between two requests; tokens and connections that it does not touch stay.
   * @param source default: the one before, read again (a file may have changed)
   * @returns urls @throws ConfigurationError or BearerdError; the one before stays in force then
   */
  reload(source?: ConfigSource): Promise<readonly string[]>;
  /** Stops accepting, waits for what is in flight (drainTimeout), ends the rest. */
  stop(): Promise<void>;
}

/**
 * Makes a proxy; it does nothing before start(). No signal is handled and nothing of the process is touched.
 * @throws ConfigurationError with every problem of the configuration
 */
export async function createProxy(source: ConfigSource, options: EmbeddingOptions = {}): Promise<EmbeddedProxy> {
  const settings = embedding(options);
  const { auditStream } = options;
  let inForce = source;
  let loaded = load(source);
  const log = await embeddedLog(options, loaded.config.log.level);
  // Loaded when it is used: who only wants tokens or defines a provider does without Fastify.
  const { buildApp } = await import('../app.ts');
  const app: App = await buildApp(loaded.config, {
    clock: systemClock,
    random: Math.random,
    log,
    ...(auditStream === undefined ? {} : { auditStreams: { stdout: auditStream, stderr: auditStream } }),
  });
  let addresses: Addresses = { proxy: [], admin: undefined };

  const urls = (): readonly string[] => addresses.proxy.map(({ url }) => url);
  return {
    get urls() {
      return urls();
    },
    get adminUrl() {
      return addresses.admin;
    },
    get warnings() {
      return loaded.warnings.map(formatProblem);
    },
    async start() {
      addresses = await app.start();
      return urls();
    },
    async reload(next = inForce) {
      const candidate = load(next);
      addresses = await app.reload(candidate.config, 'all');
      inForce = next;
      loaded = candidate;
      if (options.logStream !== undefined) log.setLevel(candidate.config.log.level);
      return urls();
    },
    async stop() {
      await app.stop();
      addresses = { proxy: [], admin: undefined };
      log.flush();
    },
  };

  function load(from: ConfigSource): Loaded {
    const where = typeof from === 'string' ? { file: from } : { object: from };
    const found = loadConfig({ ...where, ...settings, flags: {}, home: undefined });
    // A program has its own ways to tell its health; the listener is opened where it is asked for.
    return found.config.adminChosen ? found : { ...found, config: { ...found.config, admin: 'off' } };
  }
}
