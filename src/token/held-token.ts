import type { AccessToken } from './access-token.ts';

/** A token in the cache, with what has been learnt about it since. */
export interface HeldToken {
  /** Ready for the header: `Bearer …`. */
  readonly authorization: string;
  /** Counts up by one for each token that its source obtained; safe to log. */
  readonly generation: number;
  readonly token: AccessToken;
  /** First 8 hex digits of the token's SHA-256: tells tokens apart in logs. */
  readonly sha256Prefix: string;
  /** This token was asked for because the upstream rejected the one before it. */
  readonly replacesRejected: boolean;
  /** An upstream answer has shown that this token was accepted. */
  accepted: boolean;
  /** An upstream has refused it. */
  refused: boolean;
}

/** What a request needs from the cache of one credential; implemented by TokenSource. */
export interface TokenLease {
  /**
   * The token to send now: at once where one is usable, otherwise a promise of the refresh that everybody shares.
   * @param replayable false asks for min(60 s, 20 % of L) of remaining life, because the body cannot be sent twice.
   * @throws TokenRequestError (in the promise) when there is no usable token and none can be had.
   */
  readonly get: (replayable: boolean) => HeldToken | Promise<HeldToken>;
  /** Drops the token if it is still the current one; the next get() asks for a new one whatever the failure memory says. */
  readonly reject: (held: HeldToken) => void;
  /** Starts the refresh for the next caller; never throws. */
  readonly refreshInBackground: () => void;
  /** Do not trust this token longer than 60 s after it was obtained (if it is still the current one). */
  readonly cap: (held: HeldToken) => void;
  /** The upstream accepted the token: marks it and forgets unhelpful refreshes. */
  readonly accept: (held: HeldToken) => void;
  readonly isCurrent: (held: HeldToken) => boolean;
  /** A forced refresh did not help. */
  readonly noteUnhelpful: () => void;
  /** Milliseconds since the last forced refresh that did not help; undefined = none, or a success came since. */
  readonly sinceUnhelpfulMs: () => number | undefined;
  /** Milliseconds since the token was requested, on the clock that saw more time pass. */
  readonly ageMs: (held: HeldToken) => number;
  /** Milliseconds until the token may no longer be sent (both clocks, cap included); undefined = never. */
  readonly remainingMs: (held: HeldToken) => number | undefined;
}
