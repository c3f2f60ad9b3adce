import { BearerdError } from '../errors.ts';
import type { Arrival, ArrivedRequest } from './arrival.ts';
import { corsHeaders, isPreflight, listedOrigin, preflightAnswer } from './cors.ts';
import { guard } from './guard.ts';
import { judgeLocalKey, type LocalKey } from './local-key.ts';
import { judgePolicy, judgeRoute, notAllowed } from './policy.ts';
import { forwardedMethods } from './proxy-plugin.ts';
import { authorityOf, pathAndQuery } from './request-target.ts';
import type { Route } from './route.ts';
import type { RouteTable } from './route-table.ts';

/** Who may call a listener, and what. */
export interface AdmissionRules {
  readonly routes: RouteTable<Route>;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** undefined = callers need none. */
  readonly localKey: LocalKey | undefined;
}

/** An answer that needs no upstream: head only. */
export interface LocalAnswer {
  readonly status: 204;
  /** Flat list: name, value, …. */
  readonly headers: readonly string[];
}

/** What is known of a request before it is admitted. */
export interface Begun extends Pick<Arrival, 'requestId' | 'startedMs' | 'upgrade' | 'listener' | 'scheme'> {
  /** Origins of the listener that it came in on. */
  readonly ownOrigins: readonly string[];
}

/**
 * Decides about a request in one order: who calls, what the listener can take, what is answered here, where it goes,
 * whether it may be asked. Nothing has been done about a token or an upstream until this has said yes.
 * @param overLimit the listener's own reason to refuse
 */
export function admit(
  request: ArrivedRequest,
  begun: Begun,
  rules: AdmissionRules,
  overLimit: () => BearerdError | undefined,
): BearerdError | LocalAnswer | Arrival {
  const { method = '', url = '', httpVersion, rawHeaders } = request;
  const { routes, allowedHosts, allowedOrigins, localKey } = rules;
  const { requestId, listener, scheme, startedMs, upgrade, ownOrigins } = begun;
  const refusal =
    guard({ method, url, httpVersion, rawHeaders, scheme, ownOrigins, allowedHosts, allowedOrigins }) ?? overLimit();
  if (refusal !== undefined) return refusal;
  const origin = listedOrigin(rawHeaders, allowedOrigins);
  if (origin !== undefined && isPreflight(method, rawHeaders)) return preflightAnswer(origin, rawHeaders);
  // behind the preflight, which browsers send without header fields of the page
  const keyless = localKey === undefined ? undefined : judgeLocalKey(localKey, rawHeaders);
  if (keyless !== undefined) return keyless;
  if (method === 'OPTIONS' && request.headers['max-forwards'] === '0') {
    return { status: 204, headers: ['Allow', forwardedMethods.join(', ')] };
  }
  const pathQuery = pathAndQuery(url, method);
  const route = routes.find(pathQuery);
  if (route === undefined) {
    const path = JSON.stringify(pathQuery.split('?', 1)[0]?.slice(0, 200));
    return new BearerdError('BEARERD_NO_ROUTE', `no route serves ${path}`);
  }
  const { policy, name } = route;
  const denied =
    (policy === undefined ? undefined : judgePolicy(policy, { method, pathQuery, rawHeaders, upgrade })) ??
    (routes.mixed ? judgeRoute(route, pathQuery, (path) => routes.find(path)) : undefined);
  if (denied !== undefined) return notAllowed(name, denied);
  const cors = origin === undefined ? [] : corsHeaders(origin);
  return { requestId, listener, scheme, route, pathQuery, authority: authorityOf(url), startedMs, cors, upgrade };
}
