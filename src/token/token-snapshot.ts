import type { LastFailure } from './back-off.ts';
import type { Moment } from './expiry.ts';
import type { TimedToken } from './timed-token.ts';

/** What health, metrics and the status page show of a token source. */
export interface TokenSnapshot {
  /** Of the newest token; 0 = none obtained yet. */
  readonly generation: number;
  /** Epoch milliseconds of the current token; undefined = there is none, or it never expires. */
  readonly expiresAtMs: number | undefined;
  /** Epoch milliseconds when the current token was handed over; undefined = there is none. */
  readonly obtainedAtMs: number | undefined;
  /** Epoch milliseconds from which the next request asks for another token; undefined = there is none, or never. */
  readonly refreshAtMs: number | undefined;
  readonly everObtained: boolean;
  /** A token request is in flight. */
  readonly refreshing: boolean;
  /** There is a token that may be sent now. */
  readonly usable: boolean;
  /** The last token request, if it failed; times in epoch milliseconds. */
  readonly lastFailure: FailureSnapshot | undefined;
}

/** A failed token request; times in epoch milliseconds. */
export interface FailureSnapshot {
  readonly atMs: number;
  readonly message: string;
  readonly kind: 'transient' | 'permanent';
  readonly reason: string;
  /** No token is requested before. */
  readonly retryAtMs: number;
}

/** What a snapshot is made of. */
export interface SnapshotParts {
  /** The current token. */
  readonly held: TimedToken | undefined;
  /** The newest one, rejected or not. */
  readonly newest: TimedToken | undefined;
  readonly refreshing: boolean;
  readonly last: LastFailure | undefined;
}

/** What is shown of a token source now. */
export function snapshotOf({ held, newest, refreshing, last }: SnapshotParts, now: Moment): TokenSnapshot {
  const finite = (ms: number | undefined) => (ms !== undefined && Number.isFinite(ms) ? ms : undefined);
  return {
    generation: newest?.generation ?? 0,
    expiresAtMs: finite(held && now.wallMs + held.remainingMs(now)),
    obtainedAtMs: held?.obtained.wallMs,
    refreshAtMs: finite(held?.quietUntil.wallMs),
    everObtained: newest !== undefined,
    refreshing,
    usable: held?.usable(now) ?? false,
    lastFailure: last && failureSnapshot(last),
  };
}

function failureSnapshot({ at, error, delayMs }: LastFailure): FailureSnapshot {
  const { kind, reason } = error.failure;
  return { atMs: at.wallMs, message: error.message, kind, reason, retryAtMs: at.wallMs + delayMs };
}
