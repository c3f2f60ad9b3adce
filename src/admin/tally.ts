import type { Rule } from '../challenge/policy.ts';
import type { SkipReason } from '../challenge/skip-reason.ts';
import type { ErrorCode } from '../errors.ts';

/** Methods that are counted by name; all others are `other`, so that a client cannot invent series. */
export const methodClasses = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'other'] as const;

/** Status classes; `aborted` is a request whose client left before the head was written. */
export const statusClasses = ['1xx', '2xx', '3xx', '4xx', '5xx', 'aborted'] as const;

/** See `statusClasses`. */
export type StatusClass = (typeof statusClasses)[number];

/** Upper bounds of the latency buckets, milliseconds; one more bucket holds what is slower. */
export const latencyBoundsMs = [
  1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000,
] as const;

/** Which listener a request came in on. */
export type ListenerKind = 'proxy' | 'admin';

/** How a token request ended (wire facts 4, item 3). */
export type TokenRequestOutcome = 'success' | 'transient' | 'permanent';

/** Numbers of a LatencyTally: its buckets, the last of them above every bound, and the sum in milliseconds. */
const latencyCells = latencyBoundsMs.length + 2;

/** Durations in buckets: plain numbers, so that the hot path allocates nothing. */
export class LatencyTally {
  readonly #cells: Float64Array;

  /** @param cells to count in */
  constructor(cells: Float64Array = new Float64Array(latencyCells)) {
    this.#cells = cells;
  }

  /** Per bucket, not cumulative; the last one is above every bound. */
  get counts(): Float64Array {
    return this.#cells.subarray(0, latencyCells - 1);
  }

  get sumMs(): number {
    return this.#cells[latencyCells - 1] ?? 0;
  }

  observe(durationMs: number): void {
    observe(this.#cells, 0, durationMs);
  }
}

/** Counts a duration in the cells of a LatencyTally that begin at a place. */
function observe(cells: Float64Array, from: number, durationMs: number): void {
  let bucket = from;
  for (const bound of latencyBoundsMs) {
    if (durationMs <= bound) break;
    bucket += 1;
  }
  cells[bucket] = (cells[bucket] ?? 0) + 1;
  const sum = from + latencyCells - 1;
  cells[sum] = (cells[sum] ?? 0) + durationMs;
}

const requestCells = methodClasses.length * statusClasses.length;
const totalFrom = requestCells;
const upstreamFrom = totalFrom + latencyCells;
const addedFrom = upstreamFrom + latencyCells;

/**
 * The counters of one route; look it up once, then use it for every request. They lie in one array: of a thousand routes
 * each would otherwise be met in twenty places of cold memory (docs/decisions/0001-data-path.md).
 */
export class RouteTally {
  readonly #cells = new Float64Array(addedFrom + latencyCells);
  /** Requests sent a second time, by the row of the 401 table that asked for it. */
  readonly retries = new Map<Rule, number>();
  /** Token faults after which a request was not sent a second time. */
  readonly skipped = new Map<SkipReason, number>();

  /** `methodClasses` × `statusClasses`, row by row. */
  get requests(): Float64Array {
    return this.#cells.subarray(0, requestCells);
  }

  /** Request head read until the last byte of the answer was handed to the socket. */
  get total(): LatencyTally {
    return this.#latency(totalFrom);
  }

  /** The part of it that was spent waiting for the upstream's response head, all attempts together. */
  get upstream(): LatencyTally {
    return this.#latency(upstreamFrom);
  }

  /** The part of `total` until the answer's head that bearerd itself took: everything but waiting for the upstream. */
  get added(): LatencyTally {
    return this.#latency(addedFrom);
  }

  /**
   * Counts one request when it is over.
   * @param status of the answer; 0 when the client left before there was one.
   * @param upstreamMs undefined when nothing was sent upstream.
   * @param addedMs undefined when there was no answer.
   */
  finished(
    method: string,
    status: number,
    totalMs: number,
    upstreamMs: number | undefined,
    addedMs: number | undefined,
  ): void {
    const cell = methodClass(method) * statusClasses.length + statusClass(status);
    this.#cells[cell] = (this.#cells[cell] ?? 0) + 1;
    observe(this.#cells, totalFrom, totalMs);
    if (upstreamMs !== undefined) observe(this.#cells, upstreamFrom, upstreamMs);
    if (addedMs !== undefined) observe(this.#cells, addedFrom, addedMs);
  }

  #latency(from: number): LatencyTally {
    return new LatencyTally(this.#cells.subarray(from, from + latencyCells));
  }

  /** Requests by status class; classes that did not occur are missing. */
  byStatus(): Partial<Record<StatusClass, number>> {
    const sums: Partial<Record<StatusClass, number>> = {};
    for (const [cell, count] of this.requests.entries()) {
      const name = statusClasses[cell % statusClasses.length];
      if (name !== undefined && count > 0) sums[name] = (sums[name] ?? 0) + count;
    }
    return sums;
  }

  /** Counts one request that was not sent a second time although a token fault was at work. */
  notRepeated(reason: SkipReason): void {
    this.skipped.set(reason, (this.skipped.get(reason) ?? 0) + 1);
  }

  /** Counts one repeat of a request after a 401. */
  repeated(rule: Rule): void {
    this.retries.set(rule, (this.retries.get(rule) ?? 0) + 1);
  }
}

/** The counters of one credential. */
export class CredentialTally {
  readonly outcomes: Record<TokenRequestOutcome, number> = { success: 0, transient: 0, permanent: 0 };
  /** Requests that waited for a token request that another one had started. */
  shared = 0;
  /** Tokens that another process had asked for and that were taken over in place of a token request. */
  takenOver = 0;
  readonly latency = new LatencyTally();

  /** Counts one token request when it is over. */
  tokenRequested(outcome: TokenRequestOutcome, durationMs: number): void {
    this.outcomes[outcome] += 1;
    this.latency.observe(durationMs);
  }
}

/** What became of a configuration that was read again. */
export type ReloadOutcome = 'success' | 'failure';

/** A configuration that was read after the start. */
export interface Reload {
  /** Epoch milliseconds. */
  readonly atMs: number;
  readonly outcome: ReloadOutcome;
  /** What was wrong with it, one sentence each. */
  readonly problems: readonly string[];
}

/** Readings of the configuration after the start. */
export class ReloadTally {
  readonly outcomes: Record<ReloadOutcome, number> = { success: 0, failure: 0 };
  /** Epoch milliseconds of the start. */
  readonly startedMs: number;
  /** Epoch milliseconds when the configuration in force was taken over. */
  inForceSinceMs: number;
  /** The last reading; after a failure what is in the files is not what is in force. */
  last: Reload | undefined;

  constructor(nowMs: number) {
    this.startedMs = nowMs;
    this.inForceSinceMs = nowMs;
  }

  /** Counts one reading. */
  ended(outcome: ReloadOutcome, problems: readonly string[], nowMs: number): void {
    this.outcomes[outcome] += 1;
    this.last = { atMs: nowMs, outcome, problems };
    if (outcome === 'success') this.inForceSinceMs = nowMs;
  }
}

/** Everything that is counted; read by /metrics. The names come from the configuration, so their number is bounded. */
export class Tally {
  readonly routes = new Map<string, RouteTally>();
  readonly credentials = new Map<string, CredentialTally>();
  /** Requests that the guard refused, by listener and error code. */
  readonly refusals: Readonly<Record<ListenerKind, Map<ErrorCode, number>>> = { proxy: new Map(), admin: new Map() };
  readonly reloads: ReloadTally;

  /** @param nowMs epoch milliseconds of the start */
  constructor(nowMs: number) {
    this.reloads = new ReloadTally(nowMs);
  }

  /** The counters of a route, made at the first call. */
  route(name: string): RouteTally {
    return entryOf(this.routes, name, () => new RouteTally());
  }

  /** The counters of a credential, made at the first call. */
  credential(name: string): CredentialTally {
    return entryOf(this.credentials, name, () => new CredentialTally());
  }

  /** Counts one request that the guard refused. */
  refused(listener: ListenerKind, code: ErrorCode): void {
    const codes = this.refusals[listener];
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }

  /** Forgets routes and credentials that the configuration no longer has, so that reloads cannot pile series up. */
  keepOnly(routes: readonly string[], credentials: readonly string[]): void {
    for (const name of this.routes.keys()) if (!routes.includes(name)) this.routes.delete(name);
    for (const name of this.credentials.keys()) if (!credentials.includes(name)) this.credentials.delete(name);
  }
}

function entryOf<T>(entries: Map<string, T>, name: string, make: () => T): T {
  const known = entries.get(name);
  if (known !== undefined) return known;
  const made = make();
  entries.set(name, made);
  return made;
}

function methodClass(method: string): number {
  switch (method) {
    case 'GET':
      return 0;
    case 'HEAD':
      return 1;
    case 'POST':
      return 2;
    case 'PUT':
      return 3;
    case 'PATCH':
      return 4;
    case 'DELETE':
      return 5;
    case 'OPTIONS':
      return 6;
    default:
      return 7;
  }
}

/** The index in statusClasses of a status; 0 = the client left before there was one. */
export function statusClass(status: number): number {
  const hundreds = Math.trunc(status / 100);
  return hundreds >= 1 && hundreds <= 5 ? hundreds - 1 : 5;
}
