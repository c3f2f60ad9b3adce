import { BearerdError } from '../errors.ts';
import type { UpstreamPool } from '../net/upstream-pool.ts';
import type { UpstreamRequest, UpstreamResponse } from './round-trip.ts';
import { UpstreamError } from './upstream-error.ts';

/** Sends a request once; calls one of the two, once. */
export type Attempt = (
  pool: UpstreamPool,
  request: UpstreamRequest,
  resolve: (response: UpstreamResponse) => void,
  reject: (error: Error) => void,
) => void;

/** An attempt with something around it. */
export type Around = (attempt: Attempt) => Attempt;

/**
 * A request that the upstream has not processed, as it says itself, gets a second try if its body can be sent again
 * (RFC 9113 §8.7). Where the connection was an old one that the upstream had closed before it answered, requests that are
 * safe to repeat get one (RFC 9110 §9.2.2). Both within the two attempts that any request has.
 */
export function mayTryAgain(error: unknown, { method, body, caller, exchange }: UpstreamRequest): boolean {
  if (!(error instanceof UpstreamError) || caller.gone || exchange.attempts >= 2) return false;
  if (error.unprocessed) return body === undefined || body.replayable;
  const safe = method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
  return error.staleConnection && safe && body === undefined;
}

/** Informational heads before an answer. Enough for an API that says every 20 s for five hours that it is still at work (102). */
export const mostInformations = 1000;

/** Takes a place in the pool. @returns why there is none */
export function admission(pool: UpstreamPool, { caller }: UpstreamRequest): BearerdError | undefined {
  if (caller.gone) return new BearerdError('BEARERD_UPSTREAM_TERMINATED', 'the client has gone');
  if (pool.admit()) return undefined;
  const detail = `${pool.origin}: all connections are busy and the queue is full`;
  return new BearerdError('BEARERD_UPSTREAM_BUSY', detail, { retryAfterSeconds: 1 });
}
