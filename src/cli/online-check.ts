import { Tally } from '../admin/tally.ts';
import type { Credential } from '../app/credentials.ts';
import { buildRoutes } from '../app/routes.ts';
import type { Contradiction } from '../challenge/contradiction/contradiction.ts';
import { systemClock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { sendProbe } from '../doctor/probe.ts';
import { meaningOf } from '../doctor/probe-meaning.ts';
import type { Route } from '../inbound/route.ts';
import type { BatchedLog } from '../log.ts';
import type { HeldToken } from '../token/held-token.ts';
import { TokenRequestError } from '../token/provider.ts';
import { type TokenView, viewOf } from '../token/token-view.ts';
import { withCredentials } from './credentials.ts';

/** What came of one credential's token request. */
export interface TokenFinding {
  readonly credential: string;
  readonly ok: boolean;
  readonly tookMs: number;
  /** When it fails: the token endpoint's words and what to do. */
  readonly problem?: string;
  readonly action?: string;
  readonly expiresAt?: string | undefined;
  readonly token?: TokenView;
  /** What of the token contradicts what the API expects, the likeliest first; only `expect` and the keys make it fail. */
  readonly findings?: readonly Contradiction[];
}

/** What came of one route's probe request. */
export interface ProbeFinding {
  readonly route: string;
  /** `GET https://…`; undefined = the route has no probe. */
  readonly request: string | undefined;
  readonly ok: boolean;
  readonly status?: number;
  /** What the answer says about the token. */
  readonly meaning: string;
  readonly action?: string;
}

/** Everything that was asked. */
export interface OnlineFindings {
  readonly tokens: readonly TokenFinding[];
  readonly probes: readonly ProbeFinding[];
}

/** Gets a token for each credential that a route uses, and makes each route's probe request with it; starts no listener. */
export function checkOnline(config: Config, log: BatchedLog): Promise<OnlineFindings> {
  return withCredentials(config, log, false, async (credentials) => {
    const shared = [...credentials].filter(([, { subjects }]) => subjects === undefined);
    const tokens = await Promise.all(shared.map(([name, credential]) => tokenOf(name, credential)));
    const parts = { clock: systemClock, log, tally: new Tally(systemClock.nowMs()), viaName: 'bearerd-check' };
    const { served, pools } = buildRoutes(config, credentials, parts, new Map());
    const routes = new Map([...served.values()].flatMap(({ table }) => table.routes.map((one) => [one.name, one])));
    const probes = config.routes.map(({ name, upstream, credential, probe }): Promise<ProbeFinding> | ProbeFinding => {
      const route = routes.get(name);
      const words = probe === undefined ? undefined : `${probe.replace(' ', ` ${upstream}`)}`;
      if (route === undefined || probe === undefined || words === undefined) {
        return { route: name, request: undefined, ok: true, meaning: 'nothing was asked: the route has no probe' };
      }
      if (credentials.get(credential)?.subjects !== undefined) {
        const meaning = 'was not sent: each caller has a token of its own, and there is no caller';
        return { route: name, request: words, ok: true, meaning };
      }
      const got = tokens.find((one) => one.credential === credential)?.token !== undefined;
      return got
        ? answerOf(route, probe, words)
        : { route: name, request: words, ok: false, meaning: 'was not sent, because there is no token' };
    });
    try {
      return { tokens, probes: await Promise.all(probes) };
    } finally {
      await Promise.all([...pools.values()].map((pool) => pool.close()));
    }
  });
}

/** Milliseconds that a person at a terminal waits for the issuer's keys. */
const patienceMs = 6000;

async function tokenOf(credential: string, { source, keys, account }: Credential): Promise<TokenFinding> {
  const startedMs = performance.now();
  const tookMs = () => Math.round(performance.now() - startedMs);
  try {
    const { token }: HeldToken = await source.get(true);
    const endMs = token.lifetimeMs === undefined ? undefined : token.requestedAtMs + token.lifetimeMs;
    const expiresAt = endMs === undefined ? undefined : new Date(endMs).toISOString();
    const ms = tookMs();
    const evidence = await keys?.examine(token.value, patienceMs);
    const findings = account.compare(token.value, systemClock.nowMs(), evidence);
    const ok = findings.every(({ certainty }) => certainty !== 'certain');
    return { credential, ok, tookMs: ms, expiresAt, token: viewOf(token.value, evidence), findings };
  } catch (error) {
    if (!(error instanceof TokenRequestError)) throw error;
    const action = error.occurrence.action ?? error.entry.action;
    return { credential, ok: false, tookMs: tookMs(), problem: error.message, action };
  }
}

async function answerOf(route: Route, probe: string, words: string): Promise<ProbeFinding> {
  const { name, authenticated, base, requestRules: rules } = route;
  const result = await sendProbe(authenticated, { request: probe, base, rules });
  if (typeof result === 'number') return { route: name, request: words, status: result, ...meaningOf(result) };
  const { upstreamStatus, action = result.entry.action } = result.occurrence;
  const status = upstreamStatus === undefined ? {} : { status: upstreamStatus };
  return { route: name, request: words, ok: false, ...status, meaning: result.message, action };
}
