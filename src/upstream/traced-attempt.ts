import { BearerdError } from '../errors.ts';
import type { Tracing } from '../tracing/tracing.ts';
import type { Around } from './attempts.ts';

/**
 * A span for each attempt, a child of the request's, and the trace in the request's fields.
 * @param never lower-case names of fields that the route does not send
 */
export function traced(tracing: Tracing, never: ReadonlySet<string>): Around {
  return (attempt) => (pool, request, resolve, reject) => {
    const { method, target, caller, exchange, headers } = request;
    if (caller.gone) {
      attempt(pool, request, resolve, reject);
      return;
    }
    const call = { method, origin: pool.origin, target };
    const span = tracing.client(call, exchange.attempts, exchange.span?.context);
    attempt(
      pool,
      // the fields stay as they are for a repeat, which has a span of its own
      { ...request, headers: span.injected(headers, never) },
      (response) => {
        span.end(response.status, response.status < 400 ? undefined : String(response.status));
        resolve(response);
      },
      (error) => {
        span.end(0, error instanceof BearerdError ? error.code : error.name);
        reject(error);
      },
    );
  };
}
