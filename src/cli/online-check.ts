import { Tally } from '../admin/tally.ts';
import type { Credential } from '../app/credentials.ts';
import { buildRoutes } from '../app/routes.ts';
import type { Contradiction } from '../challenge/contradiction/contradiction.ts';
import { systemClock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { BearerdError } from '../errors.ts';
import type { Route } from '../inbound/route.ts';
import type { BatchedLog } from '../log.ts';
import type { HeldToken } from '../token/held-token.ts';
import { TokenRequestError } from '../token/provider.ts';
import { requestHeaders } from '../upstream/request-headers.ts';
import { newExchange } from '../upstream/round-trip.ts';
import { withCredentials } from './credentials.ts';
import { type TokenView, viewOf } from './token-view.ts';

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
  const [method = 'GET', path = '/'] = probe.split(' ');
  const { fields } = requestHeaders(['Accept', '*/*', 'User-Agent', 'bearerd-check'], route.requestRules);
  try {
    const answer = await route.authenticated({
      method,
      target: `${route.base}${path}`,
      headers: fields,
      body: undefined,
      upgrade: false,
      caller: { gone: false, onGone: undefined },
      exchange: newExchange(),
      onInformation: undefined,
    });
    answer.body.discard(new Error('only the status was wanted'));
    return { route: route.name, request: words, status: answer.status, ...meaningOf(answer.status) };
  } catch (error) {
    if (!(error instanceof BearerdError)) throw error;
    const { upstreamStatus, action = error.entry.action } = error.occurrence;
    const status = upstreamStatus === undefined ? {} : { status: upstreamStatus };
    return { route: route.name, request: words, ok: false, ...status, meaning: error.message, action };
  }
}

/** What a status says about the token, after the 401 rules of the route have had their turn (wire facts 2.5, 5.1). */
export function meaningOf(status: number): Pick<ProbeFinding, 'ok' | 'meaning' | 'action'> {
  if (status < 300) return { ok: true, meaning: 'the token is accepted' };
  if (status < 400) {
    const action =
      'Look where it leads; a login page means that the path is for browsers, or the upstream is not the API.';
    return { ok: false, meaning: 'a redirect, which says nothing about the token', action };
  }
  switch (status) {
    case 401:
      return {
        ok: false,
        meaning: 'refused, but the answer does not blame the token',
        action: 'Often a missing permission: see what the user of the token may do, or choose another probe.',
      };
    case 403:
      return { ok: true, meaning: 'the token is accepted, but its user may not do this' };
    case 404:
      return { ok: true, meaning: 'the token is not refused, but there is nothing at this path' };
    case 407:
    case 408:
    case 429:
      return { ok: false, meaning: 'this says nothing about the token', action: 'Try again later.' };
    default:
      return status < 500
        ? { ok: true, meaning: 'the token is not refused' }
        : {
            ok: false,
            meaning: 'the API is in trouble, which says nothing about the token',
            action: 'Try again later.',
          };
  }
}
