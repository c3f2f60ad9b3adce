import { randomBytes } from 'node:crypto';
import { Exchanges } from './admin/exchanges.ts';
import type { Status } from './admin/status.ts';
import { Tally } from './admin/tally.ts';
import { TokenHistory } from './admin/token-history.ts';
import { AdminListener } from './app/admin-listener.ts';
import { type AuditStreams, auditTarget } from './app/audit-target.ts';
import { buildCredentials, type Credential, closeCredential, retireCredential } from './app/credentials.ts';
import { Listeners, type ProxyAddress } from './app/listeners.ts';
import { type BuiltRoutes, buildRoutes } from './app/routes.ts';
import { credentialStatus, statusOf } from './app/status.ts';
import { warnOfUnverified } from './app/unverified.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config/config.ts';
import { BearerdError } from './errors.ts';
import { AuditLog, type PreparedAudit } from './inbound/audit-log.ts';
import { type LocalKey, readLocalKey } from './inbound/local-key.ts';
import type { BatchedLog } from './log.ts';
import { longestDelayMs } from './net/late-timer.ts';
import { createTokenCache } from './token/token-cache.ts';
import { TokenSharing } from './token-cache/token-sharing.ts';
import { currentTracing } from './tracing/tracing.ts';

export type { ProxyAddress };

/** What the app needs from outside. */
export interface AppDeps {
  readonly clock: Clock;
  /** From 0 (inclusive) to 1, like Math.random. */
  readonly random: () => number;
  readonly log: BatchedLog;
  /** What status and metrics tell about the program; nothing by default. */
  readonly about?: About;
  /** For an audit log that goes to a stream; without them that cannot be configured. */
  readonly auditStreams?: AuditStreams;
}

/** What program this is, and what it was started with. */
export interface About {
  readonly version: string;
  /** Node's version. */
  readonly node: string;
  /** The configuration file as the user names it; undefined = none. */
  readonly file: string | undefined;
}

/** Where a started app can be reached. */
export interface Addresses {
  readonly proxy: readonly ProxyAddress[];
  /** undefined = switched off. */
  readonly admin: string | undefined;
}

/** The proxy with everything that belongs to it. */
export interface App {
  /** Opens the listeners and asks for the first tokens. @throws BearerdError BEARERD_LISTEN */
  readonly start: () => Promise<Addresses>;
  /**
   * Takes another configuration over between two requests: listeners, tokens and connections that it does not touch
   * stay. When it throws, nothing has changed. One call at a time.
   * @param changed files (absolute) with another content than before, or `all`: failures of the credentials that use them are forgotten
   * @throws BearerdError BEARERD_LISTEN
   */
  readonly reload: (config: Config, changed?: readonly string[] | 'all') => Promise<Addresses>;
  /** Counts and shows a configuration that could not be taken over; one sentence for each problem. */
  readonly reloadFailed: (problems: readonly string[]) => void;
  /** Stops accepting, waits for what is in flight (at most drainTimeout), ends the rest. */
  readonly stop: () => Promise<void>;
}

/** Tokens in the cache at least: a reload may bring more credentials than there were at the start. */
const roomForTokens = 1000;

/** A configuration at work. */
interface Working {
  readonly config: Config;
  readonly credentials: ReadonlyMap<string, Credential>;
  readonly routes: BuiltRoutes;
  /** What callers have to send; undefined = nothing. */
  readonly localKey: LocalKey | undefined;
}

/** Puts providers into token sources, policies into routes, guards on listeners; see docs/life-of-a-request.md. */
export async function buildApp(first: Config, deps: AppDeps): Promise<App> {
  const { clock, log } = deps;
  const about = deps.about ?? { version: 'unknown', node: 'unknown', file: undefined };
  const tally = new Tally(clock.nowMs());
  const viaName = `bearerd-${randomBytes(4).toString('hex')}`;
  const cache = createTokenCache(Math.max(roomForTokens, first.credentials.length));
  const sharing = new TokenSharing(deps);
  const audit = new AuditLog({ clock, log });
  const exchanges = new Exchanges();
  const history = new TokenHistory();
  const tracing = currentTracing();
  const listeners = new Listeners({ log, tally, exchanges, audit, tracing, newRequestId: requestIds() });
  /** What ends when its time is over and nobody waits for its tokens, or at the stop. */
  const retired = new Map<NodeJS.Timeout, () => Promise<void>>();
  let draining = false;
  let working = await build(first, undefined);
  let addresses: Addresses = { proxy: [], admin: undefined };
  const admin = new AdminListener({
    tally,
    exchanges,
    history,
    clock,
    log,
    audit,
    about,
    credentials: () => [...new Set(working.credentials.values())],
    connections: () => listeners.connections(),
    tokenCache: () => sharing.state(),
    draining: () => draining,
    status,
    refresh: async (name) => {
      const credential = working.credentials.get(name);
      if (credential === undefined) return undefined;
      if (credential.subjects !== undefined) throw withoutOwnToken(name);
      await credential.source.refreshNow();
      return credentialStatus(name, credential, working.config, clock.nowMs());
    },
  });

  return {
    start: () => takeOver(working),
    reload: async (config, changed = []) => {
      const taken = await takeOver(await build(config, working), changed);
      tally.reloads.ended('success', [], clock.nowMs());
      return taken;
    },
    reloadFailed: (problems) => tally.reloads.ended('failure', problems, clock.nowMs()),
    stop,
  };

  function status(): Status {
    return statusOf({
      ...working,
      addresses,
      about,
      tokenCache: sharing.state(),
      tally,
      draining,
      nowMs: clock.nowMs(),
    });
  }

  async function build(config: Config, before: Working | undefined): Promise<Working> {
    const localKey = await readLocalKey(config.guard, log);
    const kept = new Map([...(before?.credentials.values() ?? [])].map((credential) => [credential.key, credential]));
    const credentials = buildCredentials(config, { ...deps, tally, history, cache, sharing }, kept);
    const pools = before?.routes.pools ?? new Map();
    const routes = buildRoutes(config, credentials, { clock, log, tally, viaName, tracing }, pools);
    return { config, credentials, routes, localKey };
  }

  /** Opens what is new first, because that is what can fail. */
  async function takeOver(next: Working, changed: readonly string[] | 'all' = []): Promise<Addresses> {
    const before = working;
    let trail: PreparedAudit | undefined;
    try {
      trail = await audit.prepare(auditTarget(next.config, deps.auditStreams));
      const proxy = await listeners.open(next);
      addresses = { proxy, admin: await admin.open(next) };
    } catch (error) {
      await trail?.discard();
      await listeners.closeUnserved();
      if (before !== next) await close(without(next, before));
      throw error;
    }
    working = next;
    trail.take();
    sharing.use(next.config.tokens.cache);
    warnOfUnverified(next.config, log);
    listeners.serve(next);
    tally.keepOnly(
      next.config.routes.map(({ name }) => name),
      [...next.credentials.values()].map(({ name }) => name),
    );
    if (before !== next) retire(without(before, next), before.config.drainTimeout);
    for (const { source, subjects, files } of next.credentials.values()) {
      if (changed !== 'all' && !files.some((file) => changed.includes(file))) continue;
      source.forgive();
      subjects?.forgive();
    }
    if (next.config.tokens.eager) askForTokens(next.credentials.values());
    return addresses;
  }

  /** Ends what the new configuration does not use, once the requests that use it have had their time and their tokens. */
  function retire(unused: Unused, afterMs: number): void {
    // a longer delay than a Node timer can have would be over at once
    const delayMs = Math.min(afterMs, longestDelayMs);
    const timer = setTimeout(async () => {
      await Promise.all(unused.credentials.map(retireCredential));
      // else the stop has ended it meanwhile
      if (retired.delete(timer)) await close(unused);
    }, delayMs);
    retired.set(timer, () => close(unused));
  }

  async function stop(): Promise<void> {
    draining = true;
    await listeners.drain(working.config.drainTimeout);
    await admin.close();
    await audit.close();
    const ends = [...retired.values()];
    for (const timer of retired.keys()) clearTimeout(timer);
    retired.clear();
    await Promise.all(ends.map((end) => end()));
    await Promise.all([...working.routes.pools.values()].map((pool) => pool.close()));
    await Promise.all([...new Set(working.credentials.values())].map(closeCredential));
    await sharing.close();
  }
}

/** Parts of a configuration that another one does not use. */
type Unused = {
  readonly credentials: readonly Credential[];
  readonly pools: readonly { closeWhenIdle: () => Promise<void> }[];
};

function without(one: Working, other: Working): Unused {
  const used = new Set(other.credentials.values());
  return {
    credentials: [...new Set(one.credentials.values())].filter((credential) => !used.has(credential)),
    pools: [...one.routes.pools].filter(([key, pool]) => other.routes.pools.get(key) !== pool).map(([, pool]) => pool),
  };
}

async function close({ credentials, pools }: Unused): Promise<void> {
  await Promise.all([...credentials.map(closeCredential), ...pools.map((pool) => pool.closeWhenIdle())]);
}

function withoutOwnToken(name: string): BearerdError {
  return new BearerdError(
    'BEARERD_NO_ROUTE',
    `Each caller of ${name} has a token of its own; there is none to refresh.`,
    {
      action: 'A new subject token in the request gets a new token.',
    },
  );
}

/** Failures are remembered and logged by the token source; the first request sees them again. */
function askForTokens(credentials: Iterable<Credential>): void {
  for (const { source, subjects } of credentials) {
    if (subjects === undefined) Promise.resolve(source.get(true)).catch(() => {});
  }
}

/** Counted, because a random UUID costs twice as much as the rest of the id; the prefix differs per process. */
function requestIds(): () => string {
  const prefix = randomBytes(4).toString('hex');
  let count = 0;
  return () => {
    count += 1;
    return `${prefix}-${count.toString(36)}`;
  };
}
