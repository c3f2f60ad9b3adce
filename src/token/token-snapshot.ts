import type { LastFailure } from './back-off.ts';

/** What health, metrics and the status page show of a token source. */
export interface TokenSnapshot {
  /** Of the newest token; 0 = none obtained yet. */
  readonly generation: number;
  /** Epoch milliseconds of the current token; undefined = there is none, or it never expires. */
  readonly expiresAtMs: number | undefined;
  /** Epoch milliseconds when the current token was handed over; undefined = there is none. */
  readonly obtainedAtMs: number | undefined;
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

/** What is shown of a failure. */
export function failureSnapshot({ at, error, delayMs }: LastFailure): FailureSnapshot {
  const { kind, reason } = error.failure;
  return { atMs: at.wallMs, message: error.message, kind, reason, retryAtMs: at.wallMs + delayMs };
}
