import { elapsedMs, type Moment } from './expiry.ts';
import type { TokenRequestError } from './provider.ts';

const steps = {
  transient: { firstMs: 1_000, longestMs: 15_000 },
  permanent: { firstMs: 5_000, longestMs: 60_000 },
} as const;

/** The longest Retry-After that is obeyed, a day in milliseconds: a typo at the other end must not lock a credential out for ever. */
export const longestRetryAfterMs = 86_400_000;

/** The last token request, which failed. */
export interface LastFailure {
  readonly error: TokenRequestError;
  readonly at: Moment;
  /** Milliseconds after `at` during which nothing is asked. */
  readonly delayMs: number;
}

/** What is remembered of failed token requests, for all callers of one credential. */
export interface BackOff {
  /** Failures of each kind since the last success; each kind doubles on its own. */
  readonly transient: number;
  readonly permanent: number;
  readonly last: LastFailure | undefined;
}

/** Nothing has failed since the last success. */
export const noFailure: BackOff = { transient: 0, permanent: 0, last: undefined };

/**
 * The state after one more failure (wire facts 4, item 3): transient 1 s doubling to 15 s times 0.75–1, or Retry-After
 * (above zero, at most a day); permanent 5 s doubling to 60 s.
 * @param random from 0 to 1.
 */
export function afterFailure(before: BackOff, error: TokenRequestError, at: Moment, random: number): BackOff {
  const { kind, retryAfterMs } = error.failure;
  const count = before[kind] + 1;
  const { firstMs, longestMs } = steps[kind];
  const doubledMs = Math.min(longestMs, firstMs * 2 ** (count - 1));
  let delayMs: number = doubledMs;
  if (kind === 'transient') {
    const asked = retryAfterMs !== undefined && retryAfterMs > 0;
    delayMs = asked ? Math.min(retryAfterMs, longestRetryAfterMs) : doubledMs * (0.75 + 0.25 * random);
  }
  return { ...before, [kind]: count, last: { error, at, delayMs } };
}

/** The state after a forced refresh: the next request may go out at once and the doubling starts again; what failed last stays known. */
export function forgiven(before: BackOff): BackOff {
  return before.last === undefined ? noFailure : { ...noFailure, last: { ...before.last, delayMs: 0 } };
}

/** Milliseconds until the token endpoint may be asked again; 0 = now. */
export function waitLeftMs(state: BackOff, now: Moment): number {
  if (state.last === undefined) return 0;
  return Math.max(0, state.last.delayMs - elapsedMs(state.last.at, now));
}
