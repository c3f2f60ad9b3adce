import type { Clock } from '../clock.ts';

/** One moment on both clocks; compare only with moments of the same process. */
export interface Moment {
  /** Epoch milliseconds. */
  readonly wallMs: number;
  /** Milliseconds of the monotonic clock. */
  readonly monotonicMs: number;
}

/** The present moment. */
export function momentOf(clock: Clock): Moment {
  return { wallMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
}

/**
 * Milliseconds from one moment to a later one: what the clock says that saw more time pass.
 * The monotonic clock stands still while a laptop sleeps; the wall clock can be set back (stack traps, token cache).
 */
export function elapsedMs(since: Moment, now: Moment): number {
  return Math.max(now.wallMs - since.wallMs, now.monotonicMs - since.monotonicMs);
}

/** The moment that lies a span (milliseconds, may be Infinity or negative) after another, on both clocks. */
export function later(moment: Moment, spanMs: number): Moment {
  return { wallMs: moment.wallMs + spanMs, monotonicMs: moment.monotonicMs + spanMs };
}

/** The first of two moments, on each clock. */
export function earlier(a: Moment, b: Moment): Moment {
  return { wallMs: Math.min(a.wallMs, b.wallMs), monotonicMs: Math.min(a.monotonicMs, b.monotonicMs) };
}

/** The moment has not come on either clock. */
export function isBefore(now: Moment, moment: Moment): boolean {
  return now.wallMs < moment.wallMs && now.monotonicMs < moment.monotonicMs;
}

/** A token that may no longer be sent: its age has reached its life (milliseconds; Infinity = never expires). */
export function mustRefresh(ageMs: number, lifetimeMs: number): boolean {
  return ageMs >= lifetimeMs;
}

/**
 * Age in milliseconds from which a token is refreshed ahead: 0.8 L less up to 5 % of L (wire facts 4, item 6).
 * @param random from 0 (0.8 L) to 1 (0.75 L), chosen once per token so that many processes do not ask in step.
 */
export function refreshAheadAgeMs(lifetimeMs: number, random: number): number {
  return lifetimeMs * (0.8 - 0.05 * random);
}

/** The next request that uses a token of this age starts a background refresh (wire facts 4, item 6). */
export function shouldRefreshAhead(ageMs: number, aheadAgeMs: number): boolean {
  return ageMs >= aheadAgeMs;
}

/** The last milliseconds of a life in which a request waits for the refresh under way: min(2 s, 5 % of L). */
export function waitZoneMs(lifetimeMs: number): number {
  return Math.min(2_000, 0.05 * lifetimeMs);
}

/** Milliseconds of life that a request with an unrepeatable body asks for: min(60 s, 20 % of L). */
export function minimumRemainingMs(lifetimeMs: number): number {
  return Math.min(60_000, 0.2 * lifetimeMs);
}

/** A request should wait for a refresh although the token has not expired (wire facts 4, item 6). */
export function shouldWait(ageMs: number, lifetimeMs: number, replayable: boolean): boolean {
  const remainingMs = lifetimeMs - ageMs;
  if (remainingMs <= waitZoneMs(lifetimeMs)) return true;
  return !replayable && remainingMs < minimumRemainingMs(lifetimeMs);
}
