import type { Exchanges, FinishedExchange, SeenHeaders } from '../admin/exchanges.ts';
import type { BearerdError } from '../errors.ts';
import type { LineLog } from '../log.ts';
import type { Tracing } from '../tracing/tracing.ts';
import type { Exchange } from '../upstream/round-trip.ts';
import type { Arrival } from './arrival.ts';
import type { Audit } from './audit-entry.ts';
import { writeRequestLine } from './request-line.ts';
import { pathAndQuery } from './request-target.ts';

/** How a request ended, on the client's side. */
export interface Ending {
  readonly method: string;
  /** 0 = no head was written. */
  readonly status: number;
  /** The client left before it had all of the answer. */
  readonly aborted: boolean;
  /** The answer was bearerd's own. */
  readonly error: BearerdError | undefined;
  /** What was seen of the header fields; undefined = nobody was looking. */
  readonly headers: SeenHeaders | undefined;
}

/** Where endings are written down. */
export interface Records {
  readonly log: LineLog;
  /** One line per request. */
  readonly accessLog: boolean;
  /** One entry per decision; undefined = there is no audit log. */
  readonly audit: Audit | undefined;
  /** What the status page shows; undefined = there is none. */
  readonly exchanges: Exchanges | undefined;
  /** A span per request; undefined = nothing is traced. */
  readonly tracing: Tracing | undefined;
}

/** A request that was answered before it had a route. */
export interface LocalEnding {
  readonly requestId: string;
  /** Empty when what arrived was no request. */
  readonly method: string;
  readonly target: string;
  readonly status: number;
  /** undefined = it was no error (a preflight). */
  readonly error: BearerdError | undefined;
  /** As performance.now() says it. */
  readonly startedMs: number;
}

/** Counts a request that is over, keeps it for the status page, and writes its one line. */
export function recordEnding(
  arrival: Arrival,
  exchange: Exchange,
  ending: Ending,
  records: Omit<Records, 'audit' | 'tracing'>,
): void {
  const { requestId, route, pathQuery, startedMs } = arrival;
  const { method, status, aborted, error, headers } = ending;
  const totalMs = performance.now() - startedMs;
  const { attempts, upstreamMs, answeredMs } = exchange;
  const addedMs = answeredMs === 0 ? undefined : Math.max(0, answeredMs - startedMs - upstreamMs);
  route.tally.finished(method, status, totalMs, attempts === 0 ? undefined : upstreamMs, addedMs);
  const path = withoutQuery(pathQuery);
  const finished: FinishedExchange = {
    requestId,
    route: route.name,
    credential: route.credential,
    method,
    path: detached(path, pathQuery),
    query: path.length < pathQuery.length,
    status,
    aborted,
    error: error?.code,
    detail: error?.message,
    action: error && (error.occurrence.action ?? error.entry.action),
    endedMs: Date.now(),
    totalMs,
    notes: exchange,
    headers,
  };
  records.exchanges?.add(finished);
  if (records.accessLog) writeRequestLine(finished, path, records.log);
}

/** The same for a request that went nowhere; the fields of its line have the names of a forwarded one's. */
export function recordLocalEnding(ending: LocalEnding, records: Omit<Records, 'audit' | 'tracing'>): void {
  const { requestId, method, target, status, error, startedMs } = ending;
  const pathQuery = target === '' ? '' : pathAndQuery(target);
  const path = withoutQuery(pathQuery);
  const finished: FinishedExchange = {
    requestId,
    route: undefined,
    credential: undefined,
    method,
    path: detached(path, pathQuery),
    query: path.length < pathQuery.length,
    status,
    aborted: false,
    error: error?.code,
    detail: error?.message,
    action: error && (error.occurrence.action ?? error.entry.action),
    endedMs: Date.now(),
    totalMs: performance.now() - startedMs,
    notes: undefined,
    headers: undefined,
  };
  records.exchanges?.add(finished);
  if (records.accessLog) writeRequestLine(finished, path, records.log);
}

function withoutQuery(pathQuery: string): string {
  const end = pathQuery.indexOf('?');
  return end === -1 ? pathQuery : pathQuery.slice(0, end);
}

/** Characters of a path that are kept. */
const longestPath = 1000;

/** The path for keeping, copied where it was cut out of something longer: V8 would keep that, a query for one, alive with it. */
function detached(path: string, pathQuery: string): string {
  if (path.length === pathQuery.length && path.length <= longestPath) return path;
  return Buffer.from(path.slice(0, longestPath), 'latin1').toString('latin1');
}
