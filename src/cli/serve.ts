import { setFlagsFromString } from 'node:v8';
import { type Addresses, buildApp } from '../app.ts';
import { systemClock } from '../clock.ts';
import type { Config, ListenAddress, LogConfig } from '../config/config.ts';
import type { Loaded } from '../config/load.ts';
import { redact } from '../config/redaction.ts';
import { BearerdError } from '../errors.ts';
import { type BatchedLog, createLog } from '../log.ts';
import type { CliContext } from './context.ts';
import { Reloader } from './reload.ts';

/**
 * Runs the proxy until a signal.
 * @param firstReadMs epoch milliseconds before the first configuration was read.
 * @param load reads the configuration again.
 * @returns 0 after a clean stop, 1 when it could not start
 */
export async function serve(
  first: Loaded,
  firstReadMs: number,
  load: () => Loaded,
  context: CliContext,
): Promise<number> {
  const { config, file } = first;
  const log = await openLog(config.log, context);
  const stopAsked = stopSignal(context, log);
  let reloader: Reloader | undefined;
  context.onSignal('SIGHUP', () => void reloader?.now());
  try {
    const { version, nodeVersion: node } = context;
    const app = await buildApp(config, {
      clock: systemClock,
      random: Math.random,
      log,
      about: { version, node, file },
      auditStreams: context,
    });
    const told = new Set<string>();
    announce(await app.start(), config, told, context, log);
    reloader = new Reloader({
      app,
      log,
      load,
      first,
      firstReadMs,
      clock: systemClock,
      onTakenOver: (addresses, taken) => announce(addresses, taken, told, context, log),
    });
    // not awaited: where files are slow, its first look would hold up a stop
    void reloader.start();
    tuneCollector();
    await stopAsked;
    await reloader.stop();
    await app.stop();
    log.info({ event: 'stopped' }, 'stopped: everything in flight is over');
    return 0;
  } catch (error) {
    if (!(error instanceof BearerdError)) throw error;
    log.flush();
    context.stderr.write(`bearerd: ${error.message}\n  ${error.occurrence.action ?? error.entry.action}\n`);
    return 1;
  } finally {
    log.flush();
  }
}

/**
 * Two habits of V8's collector that a proxy pays for (docs/decisions/0001-data-path.md): it takes what a request leaves
 * for long-lived and sets it aside, a third of a request's cost; and beside a small heap it takes the pieces of bodies,
 * which are outside of the heap, for a reason to look through all of it, every 20 ms under load. Set when everything is
 * loaded, because compiled code, Node's own modules included, is for one set of flags, and compiled anew under another.
 */
function tuneCollector(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
  setFlagsFromString('--heap-growing-percent=300');
}

/** The log of a command: on stderr, because stdout is for results. */
export function openLog(config: LogConfig, context: CliContext): Promise<BatchedLog> {
  const pretty = config.format === 'pretty' || (config.format === 'auto' && context.isTerminal);
  return createLog({
    level: config.level,
    format: pretty ? 'pretty' : 'json',
    color: context.isTerminal && context.env['NO_COLOR'] === undefined,
    stream: context.stderr,
    redact,
  });
}

/** Resolves at the first SIGTERM or SIGINT; main.ts ends the process at the second. */
function stopSignal(context: CliContext, log: BatchedLog): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      context.onSignal(signal, () => {
        log.info({ event: 'stopping', signal }, `${signal}: no new requests; waiting for what is in flight`);
        resolve();
      });
    }
  });
}

/**
 * Says where to go: plain lines on stdout whatever the log level is, because a free port is known only now.
 * @param told what has been said already; grows.
 */
function announce(addresses: Addresses, config: Config, told: Set<string>, context: CliContext, log: BatchedLog): void {
  const isNew = (fact: string): boolean => !told.has(fact) && told.add(fact).has(fact);
  const own = new Set(config.routes.flatMap(({ name, listen }) => (listen === undefined ? [] : [name])));
  for (const { url, routes } of addresses.proxy) {
    const only = routes.some((name) => own.has(name)) ? ` for ${routes.join(', ')}` : '';
    if (!isNew(url)) continue;
    context.stdout.write(`bearerd listens on ${url}${only}\n`);
    log.info({ event: 'listening', url, routes }, `listening on ${url}${only}`);
  }
  if (addresses.admin !== undefined && isNew(`admin ${addresses.admin}`)) {
    context.stdout.write(`health and metrics on ${addresses.admin}\n`);
    log.info({ event: 'admin_listening', url: addresses.admin }, `health and metrics on ${addresses.admin}`);
    if (config.admin !== 'off' && moved(config.admin, addresses.admin)) {
      log.warn(
        { event: 'admin_moved', url: addresses.admin },
        'the default admin port is taken; the next free one is used',
      );
    }
  }
  for (const { name, path, upstream } of config.routes) {
    if (!isNew(`route ${name} ${path} ${upstream}`)) continue;
    log.info({ event: 'route', route: name, path, upstream }, `route ${name}: ${path} goes to ${upstream}`);
  }
}

function moved(wanted: ListenAddress, url: string): boolean {
  return wanted.kind === 'tcp' && wanted.port !== 0 && new URL(url).port !== String(wanted.port);
}
