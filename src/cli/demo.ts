import { redact } from '../config/redaction.ts';
import { restrictedAssetId } from '../emulator/collibra-resources.ts';
import { BearerdError } from '../errors.ts';
import { createLog, type LogOptions } from '../log.ts';
import type { CliContext } from './context.ts';
import { startDemoProxy } from './demo-proxy.ts';
import { runTour } from './demo-tour.ts';
import { type DemoProxy, type DemoWorld, startWorld } from './demo-world.ts';
import { invocation } from './invocation.ts';

/** Port that the examples of the manual use. */
const usualPort = 8080;

/**
 * `bearerd demo`: an identity provider, Collibra and Collaborate, all emulated on loopback, and the real proxy before them.
 * @returns 0 after a signal, or when every step of `--once` came out as documented; 1 otherwise; 2 when the command line is wrong.
 */
export async function demo(context: CliContext): Promise<number> {
  const line = invocation('demo', context);
  if (typeof line === 'number') return line;
  const { port, once: touring } = line.options;
  if (port !== undefined && !(/^\d{1,5}$/.test(String(port)) && Number(port) <= 65_535)) {
    const problem = `bearerd demo: --port: write a whole number from 0 to 65535, not ${JSON.stringify(port)}`;
    return say(context.stderr, problem, 2);
  }
  const chosen = port === undefined ? undefined : Number(port);
  const world = await startWorld();
  try {
    return touring ? await once(world, chosen ?? 0, context) : await stay(world, chosen, context);
  } catch (error) {
    if (!(error instanceof BearerdError)) throw error;
    return say(context.stderr, `bearerd demo: ${error.message}\n  ${error.occurrence.action ?? error.entry.action}`, 1);
  } finally {
    await world.close();
  }
}

async function once(world: DemoWorld, port: number, context: CliContext): Promise<number> {
  // What the tour provokes would fill the terminal with errors that are meant to be there.
  const log = await createLog(logOptions('silent', context));
  const proxy = await startDemoProxy(world.routes, { port, log });
  try {
    say(
      context.stdout,
      `The tour: ${world.routes.length} routes at ${proxy.url}, everything behind them emulated.\n`,
      0,
    );
    const failed = await runTour(world, proxy, (line) => context.stdout.write(`${line}\n`));
    return failed === 0 ? 0 : 1;
  } finally {
    await proxy.stop();
  }
}

async function stay(world: DemoWorld, port: number | undefined, context: CliContext): Promise<number> {
  const stopped = new Promise<void>((resolve) => {
    context.onSignal('SIGINT', resolve);
    context.onSignal('SIGTERM', resolve);
  });
  const log = await createLog(logOptions('info', context));
  const start = (at: number): Promise<DemoProxy> => startDemoProxy(world.routes, { port: at, log });
  try {
    const proxy = await start(port ?? usualPort).catch((error: unknown) => {
      const taken = port === undefined && error instanceof BearerdError && error.code === 'BEARERD_LISTEN';
      if (!taken) throw error;
      return start(0);
    });
    say(context.stdout, linesToCopy(world, proxy.url), 0);
    await stopped;
    await proxy.stop();
    return 0;
  } finally {
    log.flush();
  }
}

function logOptions(level: LogOptions['level'], context: CliContext): LogOptions {
  return {
    level,
    format: context.isTerminal ? 'pretty' : 'json',
    color: context.isTerminal && context.env['NO_COLOR'] === undefined,
    stream: context.stderr,
    redact,
  };
}

function linesToCopy({ idp, collibra, collaborate }: DemoWorld, url: string): string {
  const fault = (to: string, faults: string): string =>
    `curl -H 'Content-Type: application/json' -d '${faults}' ${to}/__faults`;
  return `bearerd listens on ${url}
Behind it, emulated: identity provider ${idp.url}, Collibra ${collibra.url}, Collaborate ${collaborate.url}

Collibra, without an Authorization header:
  curl ${url}/rest/2.0/communities
  curl -H 'Content-Type: application/json' -d '{"name":"Revenue"}' ${url}/rest/2.0/assets
  curl ${url}/short-life/rest/2.0/communities         # with tokens that live three seconds
Collaborate:
  curl ${url}/collaborate/sessions
What a 401 becomes:
  curl -i ${url}/wrong-type/rest/2.0/communities      # invalidToken: Collibra does not take this typ
  curl -i ${url}/opaque/rest/2.0/communities          # malformedToken: the token is no JWT
  curl -i ${url}/unknown-user/rest/2.0/communities    # unableToProcessToken: no such user
  curl -i ${url}/rest/2.0/assets/${restrictedAssetId}   # a missing permission comes through
Make trouble, then repeat the first line; it still answers 200:
  ${fault(collibra.url, '{"expire":true}')}
  ${fault(collibra.url, '{"revoke":true}')}
  ${fault(idp.url, '{"rotateKeys":true}')}
What the emulators saw:
  curl ${idp.url}/__stats
  curl ${collibra.url}/__stats

Ctrl-C ends it.`;
}

function say(stream: NodeJS.WritableStream, text: string, code: number): number {
  stream.write(`${text}\n`);
  return code;
}
