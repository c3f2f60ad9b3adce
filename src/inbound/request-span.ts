import { BearerdError } from '../errors.ts';
import type { OpenSpan, Tracing } from '../tracing/tracing.ts';
import type { Exchange } from '../upstream/round-trip.ts';
import type { LocalAnswer } from './admission.ts';
import type { Arrival, ArrivedRequest } from './arrival.ts';
import { pathAndQuery } from './request-target.ts';

/** Begins the span of a request that has a route. */
export function requestSpan(tracing: Tracing, request: ArrivedRequest, arrival: Arrival): OpenSpan {
  const { listener, pathQuery, route, requestId } = arrival;
  const call = { method: request.method ?? '', origin: listener, target: pathQuery };
  const more = { 'bearerd.route': route.name, 'bearerd.request_id': requestId };
  return tracing.server(call, request.headers, `${route.prefix}/*`, more);
}

/**
 * Ends it.
 * @param status of the answer that the client got; 0 = none
 * @param aborted the client left, or the answer broke off
 * @param own bearerd's own answer; undefined = it was the upstream's
 */
export function endRequestSpan(
  span: OpenSpan,
  exchange: Exchange,
  status: number,
  aborted: boolean,
  own: BearerdError | undefined,
): void {
  if (exchange.rule !== undefined) span.set('bearerd.rule', exchange.rule);
  span.end(status, aborted ? 'aborted' : errorOf(status, own));
}

/** The span of a request that was answered before it had a route. */
export function localSpan(
  tracing: Tracing,
  request: ArrivedRequest,
  { listener, requestId }: Pick<Arrival, 'listener' | 'requestId'>,
  answer: BearerdError | LocalAnswer,
): void {
  const { method = '', url = '', headers } = request;
  const call = { method, origin: listener, target: pathAndQuery(url, method) };
  const own = answer instanceof BearerdError ? answer : undefined;
  const status = answer instanceof BearerdError ? answer.entry.status : answer.status;
  tracing.server(call, headers, undefined, { 'bearerd.request_id': requestId }).end(status, errorOf(status, own));
}

/** For a server the faults of its callers are none of its own (HTTP semantic conventions, status). */
function errorOf(status: number, own: BearerdError | undefined): string | undefined {
  return status < 500 ? undefined : (own?.code ?? String(status));
}
