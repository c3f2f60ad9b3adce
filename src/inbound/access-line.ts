import type { ErrorCode } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Exchange } from '../upstream/round-trip.ts';
import type { Arrival } from './arrival.ts';
import { pathAndQuery } from './request-target.ts';

/** How a request ended, on the client's side. */
export interface Ending {
  readonly method: string;
  /** 0 = no head was written. */
  readonly status: number;
  /** The client left before it had all of the answer. */
  readonly aborted: boolean;
  /** The answer was bearerd's own. */
  readonly error: ErrorCode | undefined;
}

/** A request that was answered before it had a route. */
export interface LocalEnding {
  readonly requestId: string;
  /** Empty when what arrived was no request. */
  readonly method: string;
  readonly target: string;
  readonly status: number;
  /** undefined = it was no error (a preflight). */
  readonly error: ErrorCode | undefined;
  /** As performance.now() says it. */
  readonly startedMs: number;
}

/** Counts a request that is over, and writes its one line where a log is given. */
export function recordEnding(arrival: Arrival, exchange: Exchange, ending: Ending, log: Log | undefined): void {
  const { route } = arrival;
  const { method, status, aborted, error } = ending;
  const totalMs = performance.now() - arrival.startedMs;
  const { attempts, upstreamMs, answeredMs } = exchange;
  const addedMs = answeredMs === 0 ? undefined : Math.max(0, answeredMs - arrival.startedMs - upstreamMs);
  route.tally.finished(method, status, totalMs, attempts === 0 ? undefined : upstreamMs, addedMs);
  if (log === undefined) return;
  const path = arrival.pathQuery.split('?', 1)[0];
  log.info(
    {
      event: 'request',
      requestId: arrival.requestId,
      route: route.name,
      method,
      path,
      status: status === 0 ? undefined : status,
      aborted: aborted ? true : undefined,
      totalMs: rounded(totalMs),
      upstreamMs: rounded(exchange.upstreamMs),
      tokenMs: exchange.tokenMs === 0 ? undefined : rounded(exchange.tokenMs),
      attempts: exchange.attempts,
      generation: exchange.generation,
      rule: exchange.rule,
      code: exchange.upstreamErrorCode,
      error,
    },
    `${method} ${path} ${aborted ? 'aborted' : status}`,
  );
}

/** Writes the line of a request that went nowhere; the fields have the names of a forwarded one's. */
export function logLocalEnding(log: Log, ending: LocalEnding): void {
  const { requestId, method, target, status, error, startedMs } = ending;
  const path = target === '' ? undefined : pathAndQuery(target).split('?', 1)[0];
  const fields = {
    event: 'request',
    requestId,
    method: method === '' ? undefined : method,
    path,
    status,
    totalMs: rounded(performance.now() - startedMs),
    attempts: 0,
    error,
  };
  log.info(fields, `${method === '' ? 'no request' : `${method} ${path}`} ${status}`);
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
