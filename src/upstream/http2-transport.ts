import { BearerdError } from '../errors.ts';
import type { Http2Connection } from '../net/http2-connection.ts';
import type { Http2Sessions } from '../net/http2-sessions.ts';
import type { UpstreamPool } from '../net/upstream-pool.ts';
import { type Around, type Attempt, admission, mayTryAgain } from './attempts.ts';
import { Http2Stream } from './http2-stream.ts';
import type { Caller, RoundTrip, UpstreamRequest, UpstreamResponse } from './round-trip.ts';
import { upstreamError } from './upstream-error.ts';

/**
 * One request on a stream of an HTTP/2 connection; on HTTP/1.1 where the upstream does not take HTTP/2, and for
 * WebSockets, which HTTP/2 has only as an extension that few servers know (RFC 8441).
 * @param around does something besides with each stream; undefined = nothing
 */
export function http2Transport(
  pool: UpstreamPool,
  sessions: Http2Sessions,
  http1: RoundTrip,
  around: Around | undefined,
): RoundTrip {
  return async (request) => {
    if (request.upgrade) return http1(request);
    for (;;) {
      try {
        return (await attempt(pool, sessions, request, around)) ?? (await http1(request));
      } catch (error) {
        if (!mayTryAgain(error, request)) throw error;
      }
    }
  };
}

/** @returns undefined = not over HTTP/2 */
async function attempt(
  pool: UpstreamPool,
  sessions: Http2Sessions,
  request: UpstreamRequest,
  around: Around | undefined,
): Promise<UpstreamResponse | undefined> {
  const refusal = admission(pool, request);
  if (refusal !== undefined) throw refusal;
  // it does not wait for a connection of HTTP/1.1
  let connection: Http2Connection | undefined;
  try {
    const found = sessions.connection();
    connection = found instanceof Promise ? await unlessGone(found, request.caller) : found;
  } catch (error) {
    pool.release();
    throw upstreamError(error instanceof Error ? error : new Error(String(error)), pool.origin, false);
  }
  if (connection === undefined || request.caller.gone) {
    pool.release();
    if (connection === undefined) return undefined;
    throw new BearerdError('BEARERD_UPSTREAM_TERMINATED', 'the client has gone');
  }
  const ready = connection;
  const open: Attempt = (_pool, request, resolve, reject) => {
    request.exchange.attempts += 1;
    new Http2Stream(pool, ready, request, resolve, reject).send();
  };
  const once = around === undefined ? open : around(open);
  return new Promise((resolve, reject) => once(pool, request, resolve, reject));
}

/** Waits for a connection as long as the client does; others may wait for the same one. */
async function unlessGone<T>(found: Promise<T>, caller: Caller): Promise<T> {
  try {
    return await new Promise((resolve, reject) => {
      caller.onGone = () => reject(new BearerdError('BEARERD_UPSTREAM_TERMINATED', 'the client has gone'));
      found.then(resolve, reject);
    });
  } finally {
    caller.onGone = undefined;
  }
}
