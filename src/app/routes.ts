import type { Tally } from '../admin/tally.ts';
import type { Clock } from '../clock.ts';
import type { Config, ListenAddress, RouteConfig } from '../config/config.ts';
import { describeAddress } from '../config/listen-address.ts';
import { localKeyField } from '../inbound/local-key.ts';
import type { Policy } from '../inbound/policy.ts';
import type { Route } from '../inbound/route.ts';
import { RouteTable } from '../inbound/route-table.ts';
import type { Log } from '../log.ts';
import { UpstreamPool } from '../net/upstream-pool.ts';
import type { TokenLease } from '../token/held-token.ts';
import type { Tracing } from '../tracing/tracing.ts';
import type { Around } from '../upstream/attempts.ts';
import { authenticated } from '../upstream/authenticated.ts';
import { perSubject } from '../upstream/per-subject.ts';
import type { RequestHeaderRules } from '../upstream/request-headers.ts';
import type { RoundTrip } from '../upstream/round-trip.ts';
import { traced } from '../upstream/traced-attempt.ts';
import { transport } from '../upstream/transport.ts';
import { watchClock } from '../upstream/watch-clock.ts';
import type { Credential } from './credentials.ts';

/** What every route shares. */
export interface RouteParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly tally: Tally;
  /** Our name in Via. */
  readonly viaName: string;
  /** undefined = nothing is traced. */
  readonly tracing?: Tracing | undefined;
}

/** The routes of a configuration, with the connections that they use. */
export interface BuiltRoutes {
  /** What is served at each address; the key tells addresses apart. */
  readonly served: ReadonlyMap<string, ServedAddress>;
  /** By everything that shapes a connection. */
  readonly pools: ReadonlyMap<string, UpstreamPool>;
}

/** An address and the routes there. */
export interface ServedAddress {
  readonly address: ListenAddress;
  readonly table: RouteTable<Route>;
}

/**
 * Builds the routes and says which are served where: a route with addresses of its own there and only there.
 * @param kept pools of the configuration before: connections that nothing has changed for stay open
 */
export function buildRoutes(
  config: Config,
  credentials: ReadonlyMap<string, Credential>,
  parts: RouteParts,
  kept: ReadonlyMap<string, UpstreamPool>,
): BuiltRoutes {
  const pools = new Map<string, UpstreamPool>();
  const keyField = localKeyField(config.guard);
  const rules = sameRules();
  const served = new Map<string, { address: ListenAddress; routes: Route[] }>();
  for (const address of config.listen) served.set(addressKey(address, ''), { address, routes: [] });
  for (const route of config.routes) {
    const credential = credentials.get(route.credential);
    if (credential === undefined) throw new Error(`route ${route.name} names no known credential`);
    const key = poolKey(route, config);
    const pool = pools.get(key) ?? kept.get(key) ?? buildPool(route, config);
    pools.set(key, pool);
    const built = buildRoute(route, credential, pool, { ...parts, keyField, rules });
    for (const address of route.listen ?? config.listen) {
      const key = addressKey(address, route.listen === undefined ? '' : route.name);
      const place = served.get(key) ?? { address, routes: [] };
      place.routes.push(built);
      served.set(key, place);
    }
  }
  const tables = [...served].map(
    ([key, { address, routes }]) => [key, { address, table: new RouteTable(routes) }] as const,
  );
  return { served: new Map(tables), pools };
}

/** Equal for the same address; "any free port" is another one for each route that asks for it. */
function addressKey(address: ListenAddress, routeName: string): string {
  const text = describeAddress(address);
  return address.kind === 'tcp' && address.port === 0 ? `${text} ${routeName}` : text;
}

function poolKey({ upstream, tls, egressProxy, timeouts, http2 }: RouteConfig, { limits }: Config): string {
  // a secret shows nothing of itself in JSON
  const { cert, key, ...trust } = tls;
  const identity = [cert?.fingerprint, key?.fingerprint];
  const proxies = [egressProxy?.http, egressProxy?.https].map((one) => [one?.url, one?.credentials?.fingerprint]);
  const { upstreamConnections, queue } = limits;
  return JSON.stringify([
    new URL(upstream).origin,
    trust,
    identity,
    http2 === true,
    proxies,
    egressProxy?.except,
    timeouts,
    upstreamConnections,
    queue,
  ]);
}

function buildPool({ upstream, tls, egressProxy, timeouts, http2 }: RouteConfig, { limits }: Config): UpstreamPool {
  const { cert, key, ...trust } = tls;
  const identity =
    cert === undefined || key === undefined
      ? undefined
      : async () => ({ cert: await cert.read(), key: await key.read() });
  return new UpstreamPool(new URL(upstream).origin, {
    ...trust,
    identity,
    egressProxy,
    connectTimeoutMs: timeouts.connect,
    headersTimeoutMs: timeouts.headers,
    idleTimeoutMs: timeouts.idle,
    connections: limits.upstreamConnections,
    queue: limits.queue,
    http2: http2 === true,
  });
}

const plainByPool = new WeakMap<UpstreamPool, RoundTrip>();

/** Sends what routes with the same connections send: of a thousand of them each would be in cold memory. */
function untraced(pool: UpstreamPool, parts: RouteParts): RoundTrip {
  const send = plainByPool.get(pool) ?? watched(pool, parts);
  plainByPool.set(pool, send);
  return send;
}

function watched(pool: UpstreamPool, { clock, log }: RouteParts, around?: Around): RoundTrip {
  return watchClock(transport(pool, around), pool.origin, { clock, log });
}

type SameRules = (rules: RequestHeaderRules) => RequestHeaderRules;

/** Makes one object of rules that are alike, for the same reason. */
function sameRules(): SameRules {
  const known = new Map<string, RequestHeaderRules>();
  return (rules) => {
    const key = JSON.stringify({ ...rules, remove: [...rules.remove] });
    const same = known.get(key) ?? rules;
    known.set(key, same);
    return same;
  };
}

/** @param parts with the lower-case name of the field that carries the local key */
function buildRoute(
  route: RouteConfig,
  credential: Credential,
  pool: UpstreamPool,
  parts: RouteParts & { readonly keyField: string | undefined; readonly rules: SameRules },
): Route {
  const { clock, log, tally, viaName, tracing, keyField } = parts;
  const base = new URL(route.upstream).pathname.replace(/\/+$/, '');
  const prefix = route.path === '/' ? '' : route.path;
  const counts = tally.route(route.name);
  const { yardstick, keys } = credential;
  const policy = {
    profile: route.preset === 'none' ? ('generic' as const) : route.preset,
    ownRules: route.challenge,
    on401: route.on401,
    routeName: route.name,
    credentialName: route.credential,
    yardstick,
    keys,
  };
  const set = Object.entries(route.headers.set);
  const { source, subjects, account } = credential;
  const dropped = [
    ...(route.cookies === 'drop' ? ['cookie'] : []),
    ...(keyField === undefined ? [] : [keyField]),
    ...(subjects === undefined ? [] : [subjects.header]),
  ];
  const remove = new Set(
    [...route.headers.remove, ...set.map(([name]) => name), ...dropped].map((name) => name.toLowerCase()),
  );
  const requestRules = parts.rules({
    viaName,
    remove,
    set: set.flat(),
    keepAuthorization: route.authorization === 'keep',
  });
  const plain = tracing === undefined ? untraced(pool, parts) : watched(pool, parts, traced(tracing, remove));
  const withTokens = (tokens: TokenLease) =>
    authenticated(plain, tokens, policy, {
      clock,
      log,
      onRepeat: ({ rule }) => counts.repeated(rule),
      onSkip: (reason) => counts.notRepeated(reason),
      onFault: (fault) => account.refused({ atMs: clock.nowMs(), route: route.name, fault }),
      onAccepted: () => account.accepted(),
    });
  return {
    name: route.name,
    credential: credential.name,
    prefix,
    base,
    websocket: route.websocket,
    policy: policyOf(route),
    authorization: route.authorization,
    requestRules,
    subjectHeader: subjects?.header,
    responseRules: { cookies: route.cookies, upstreamOrigin: pool.origin, upstreamBase: base, prefix, cors: [] },
    replayBytes: route.replay.maxBody,
    authenticated: subjects === undefined ? withTokens(source) : perSubject(subjects, withTokens),
    plain,
    tally: counts,
  };
}

function policyOf({ allow, readOnly = false }: RouteConfig): Policy | undefined {
  return allow === undefined && !readOnly ? undefined : { allow, readOnly };
}
