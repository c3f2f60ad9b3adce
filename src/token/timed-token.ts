import { createHash } from 'node:crypto';
import type { AccessToken } from './access-token.ts';
import {
  earlier,
  elapsedMs,
  isBefore,
  later,
  type Moment,
  minimumRemainingMs,
  mustRefresh,
  refreshAheadAgeMs,
} from './expiry.ts';
import type { HeldToken } from './held-token.ts';

/** Milliseconds after it was obtained that a capped token is trusted (wire facts 5.2, "cap"). */
export const capMs = 60_000;

/** What a held token is made of. */
export interface TimedTokenFacts {
  readonly token: AccessToken;
  readonly generation: number;
  readonly replacesRejected: boolean;
  /** The moment before the provider was called. */
  readonly asked: Moment;
  /** The moment when the provider handed the token over. */
  readonly obtained: Moment;
  /** From 0 to 1; spreads the refresh ahead. */
  readonly random: number;
}

/** A held token that knows its times on both clocks. */
export class TimedToken implements HeldToken {
  readonly authorization: string;
  readonly generation: number;
  readonly token: AccessToken;
  readonly replacesRejected: boolean;
  accepted = false;
  refused = false;
  /** First 8 hex digits of the token's SHA-256: tells tokens apart in logs. */
  readonly sha256Prefix: string;
  readonly obtained: Moment;
  /** Milliseconds; Infinity = never expires. */
  readonly lifetimeMs: number;
  /** Age in milliseconds from which it is refreshed ahead; Infinity when it is not. */
  aheadAgeMs: number;
  /** Moment from which a request asks the provider whether there is another one; undefined = never. */
  #recheckAt: Moment | undefined;
  capped = false;
  /** Until this moment (on both clocks) any request may take the token without a further question. */
  quietUntil: Moment;
  readonly #start: Moment;

  constructor({ token, generation, replacesRejected, asked, obtained, random }: TimedTokenFacts) {
    this.authorization = `Bearer ${token.value}`;
    this.generation = generation;
    this.token = token;
    this.replacesRejected = replacesRejected;
    this.sha256Prefix = createHash('sha256').update(token.value).digest('hex').slice(0, 8);
    this.obtained = obtained;
    this.lifetimeMs = token.lifetimeMs ?? Number.POSITIVE_INFINITY;
    // A provider may hand over a token that was requested before this call (a file, say): then the monotonic clock starts earlier too.
    const olderMs = Math.max(0, asked.wallMs - token.requestedAtMs);
    this.#start = { wallMs: token.requestedAtMs, monotonicMs: asked.monotonicMs - olderMs };
    this.aheadAgeMs = refreshAheadAgeMs(this.lifetimeMs, random);
    this.quietUntil = this.#endOfQuiet();
    this.#rechecked(obtained);
  }

  /** The provider may have another token by now. */
  recheckDue(now: Moment): boolean {
    return this.#recheckAt !== undefined && !isBefore(now, this.#recheckAt);
  }

  /** Stays in force, its cap too, because the provider hands it over again; false when that is another token, or this one has ended. */
  takesAgain(token: AccessToken, now: Moment): boolean {
    if (!this.#isSameAs(token) || !this.usable(now)) return false;
    this.#rechecked(now);
    return true;
  }

  #rechecked(now: Moment): void {
    const { recheckAfterMs } = this.token;
    if (recheckAfterMs === undefined) return;
    this.#recheckAt = later(now, recheckAfterMs);
    this.quietUntil = this.#endOfQuiet();
  }

  /** The first moment at which something is due: the refresh ahead, the end of a capped token, a look for another one. */
  #endOfQuiet(): Moment {
    let end = later(this.#start, this.aheadAgeMs);
    if (this.capped) {
      const roomy = later(this.#start, this.lifetimeMs - minimumRemainingMs(this.lifetimeMs));
      end = earlier(roomy, later(this.obtained, capMs));
    }
    return this.#recheckAt === undefined ? end : earlier(end, this.#recheckAt);
  }

  #isSameAs({ value, requestedAtMs, lifetimeMs, recheckAfterMs }: AccessToken): boolean {
    if (value !== this.token.value || recheckAfterMs === undefined) return false;
    const [before, after] = [this.token.lifetimeMs, lifetimeMs];
    if (before === undefined || after === undefined) return before === after;
    // The end counts: the same token read later has a shorter life from then on.
    return Math.abs(this.token.requestedAtMs + before - requestedAtMs - after) < 1000;
  }

  /** Milliseconds since the token was requested. */
  ageMs(now: Moment): number {
    return elapsedMs(this.#start, now);
  }

  /** Milliseconds until the token may no longer be sent, the cap included; Infinity = never, 0 or less = expired. */
  remainingMs(now: Moment): number {
    const leftMs = this.lifetimeMs - this.ageMs(now);
    return this.capped ? Math.min(leftMs, capMs - elapsedMs(this.obtained, now)) : leftMs;
  }

  /** The token may be sent. */
  usable(now: Moment): boolean {
    if (mustRefresh(this.ageMs(now), this.lifetimeMs)) return false;
    return !this.capped || elapsedMs(this.obtained, now) < capMs;
  }

  /**
   * From now on the token ends 60 s after it was obtained at the latest, and it is not refreshed ahead. Whether there is
   * another one is still asked: the file may have been mended.
   */
  cap(): void {
    this.capped = true;
    this.aheadAgeMs = Number.POSITIVE_INFINITY;
    this.quietUntil = this.#endOfQuiet();
  }
}

/** Milliseconds since the token was requested; one that a test or an embedding program has made knows the wall clock only. */
export function ageOf(held: HeldToken, now: Moment): number {
  return held instanceof TimedToken ? held.ageMs(now) : now.wallMs - held.token.requestedAtMs;
}

/** Milliseconds until the token may no longer be sent; Infinity = never. */
export function remainingOf(held: HeldToken, now: Moment): number {
  if (held instanceof TimedToken) return held.remainingMs(now);
  const { requestedAtMs, lifetimeMs } = held.token;
  return requestedAtMs + (lifetimeMs ?? Number.POSITIVE_INFINITY) - now.wallMs;
}
