import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { afterFailure, type BackOff, forgiven, noFailure, waitLeftMs } from './back-off.ts';
import { elapsedMs, type Moment, momentOf, shouldRefreshAhead, shouldWait } from './expiry.ts';
import type { HeldToken, TokenLease } from './held-token.ts';
import type { TokenProvider, TokenRequestError } from './provider.ts';
import { type Quota, quotaOf, type RequestQuota } from './quota.ts';
import { SecretCheck } from './secret-check.ts';
import type { SharedTokens } from './shared-tokens.ts';
import { ageOf, remainingOf, type TimedToken } from './timed-token.ts';
import type { TokenCache } from './token-cache.ts';
import type { TokenEvents } from './token-events.ts';
import { TokenJournal } from './token-journal.ts';
import {
  askAgainAfter,
  asTokenRequestError,
  type Closing,
  closedError,
  heldFrom,
  type Refresh,
  startTokenRequest,
  type TokenRequest,
} from './token-request.ts';
import { snapshotOf, type TokenSnapshot } from './token-snapshot.ts';

/** What a token source needs besides its provider. */
export interface TokenSourceDeps {
  readonly clock: Clock;
  /** From 0 (inclusive) to 1, like Math.random. */
  readonly random: () => number;
  /** Bound to the credential's name by the caller. */
  readonly log: Log;
  readonly events: TokenEvents;
  /** undefined = as many token requests as are needed. */
  readonly quota?: Quota | RequestQuota | undefined;
  /** Tokens of other processes; undefined = each asks for itself. */
  readonly shared?: SharedTokens | undefined;
}

/**
 * The tokens of one credential: at most one request in flight whoever asks, refresh ahead of the expiry (wire facts 4,
 * item 6), failures remembered for all callers (item 3). It sets no timer: refresh follows traffic.
 */
export class TokenSource implements TokenLease {
  readonly #key: string;
  readonly #provider: TokenProvider;
  readonly #cache: TokenCache;
  readonly #shared: SharedTokens | undefined;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #journal: TokenJournal;
  readonly #events: TokenEvents;
  /** The current token; the cache holds it too, but a hit must not cost a look-up. */
  #held: TimedToken | undefined;
  /** The newest token, rejected or not. */
  #newest: TimedToken | undefined;
  #refresh: Refresh | undefined;
  #backOff: BackOff = noFailure;
  readonly #quota: RequestQuota | undefined;
  readonly #secrets: SecretCheck;
  #nextReplacesRejected = false;
  #unhelpfulAt: Moment | undefined;
  #closed: Closing | undefined;

  /** @param key fingerprint of everything that shapes the token request; a token that the cache has for it is taken over. */
  constructor(key: string, provider: TokenProvider, cache: TokenCache, deps: TokenSourceDeps) {
    this.#key = key;
    this.#provider = provider;
    this.#cache = cache;
    this.#shared = deps.shared;
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#journal = new TokenJournal(deps.log);
    this.#events = deps.events;
    this.#quota = quotaOf(deps.quota);
    this.#secrets = new SecretCheck(provider);
    this.#held = cache.get(key);
    this.#newest = this.#held;
  }

  get(replayable: boolean): HeldToken | Promise<HeldToken> {
    const held = this.#held;
    if (
      held !== undefined &&
      this.#clock.nowMs() < held.quietUntil.wallMs &&
      this.#clock.monotonicMs() < held.quietUntil.monotonicMs
    ) {
      return held;
    }
    return this.#getSlowly(replayable);
  }

  reject(held: HeldToken): void {
    const current = this.#held;
    if (current === undefined || held !== current) return;
    this.#held = undefined;
    if (this.#cache.peek(this.#key) === current) this.#cache.delete(this.#key);
    this.#nextReplacesRejected = true;
    this.#backOff = forgiven(this.#backOff);
    this.#journal.rejected(current, this.#refresh !== undefined);
  }

  /** Starts a refresh if the next caller would need one: nothing happens while a fresh token is there, or while the back-off lasts. */
  refreshInBackground(): void {
    const now = momentOf(this.#clock);
    const held = this.#usable(now);
    if (held === undefined || shouldRefreshAhead(held.ageMs(now), held.aheadAgeMs)) this.#sharedRefresh(now);
  }

  /**
   * Asks for a new token however fresh the current one is and whatever the failure memory says; joins a request that is
   * in flight. Callers who need a token meanwhile get the current one.
   * @throws TokenRequestError (in the promise) when none can be had; the current token stays then.
   */
  async refreshNow(): Promise<void> {
    this.#backOff = forgiven(this.#backOff);
    const now = momentOf(this.#clock);
    const refresh = this.#sharedRefresh(now, true);
    const error = refresh === undefined ? this.#remembered(now) : await refresh.outcome;
    if (error !== undefined) throw error;
  }

  /** Ends the failure memory, because something about the token request has changed; the token in use stays. */
  forgive(): void {
    this.#backOff = forgiven(this.#backOff);
  }

  cap(held: HeldToken): void {
    const current = this.#held;
    if (current === undefined || held !== current || current.capped) return;
    current.cap();
    this.#journal.capped(current, current.remainingMs(momentOf(this.#clock)));
  }

  accept(held: HeldToken): void {
    held.accepted = true;
    this.#unhelpfulAt = undefined;
  }

  isCurrent(held: HeldToken): boolean {
    return held === this.#held;
  }

  noteUnhelpful(): void {
    this.#unhelpfulAt = momentOf(this.#clock);
  }

  sinceUnhelpfulMs(): number | undefined {
    return this.#unhelpfulAt === undefined ? undefined : elapsedMs(this.#unhelpfulAt, momentOf(this.#clock));
  }

  ageMs(held: HeldToken): number {
    return ageOf(held, momentOf(this.#clock));
  }

  remainingMs(held: HeldToken): number | undefined {
    const leftMs = remainingOf(held, momentOf(this.#clock));
    return Number.isFinite(leftMs) ? leftMs : undefined;
  }

  /** Aborts the token request in flight and sends no further one; a token that is still usable is still handed out. */
  close(why: Closing = 'stopping'): void {
    this.#closed ??= why;
    this.#refresh?.request.abort();
  }

  /** Closes it for a reload as soon as nobody waits for a token. */
  async retire(): Promise<void> {
    while (this.#refresh !== undefined) await this.#refresh.outcome;
    this.close('replaced');
  }

  /** The present state, for health and metrics. */
  snapshot(): TokenSnapshot {
    const [held, newest, refreshing] = [this.#held, this.#newest, this.#refresh !== undefined];
    return snapshotOf({ held, newest, refreshing, last: this.#backOff.last }, momentOf(this.#clock));
  }

  #usable(now: Moment): TimedToken | undefined {
    return this.#held?.usable(now) ? this.#held : undefined;
  }

  #getSlowly(replayable: boolean): HeldToken | Promise<HeldToken> {
    const now = momentOf(this.#clock);
    const held = this.#usable(now);
    if (held === undefined) return this.#join(now, replayable) ?? this.#unlessSecretsChanged(now, replayable);
    const [ageMs, recheck] = [held.ageMs(now), held.recheckDue(now)];
    // A capped token just ends; only a body that cannot be repeated may ask for more of its real life than is left.
    if (held.capped && replayable && !recheck) return held;
    if (recheck || shouldWait(ageMs, held.lifetimeMs, replayable)) return this.#join(now, replayable) ?? held;
    if (shouldRefreshAhead(ageMs, held.aheadAgeMs)) this.#sharedRefresh(now);
    return held;
  }

  /** The remembered failure, unless a secret has changed since: then there is a new attempt at once. */
  async #unlessSecretsChanged(now: Moment, replayable: boolean): Promise<HeldToken> {
    const failed = this.#backOff.last !== undefined && !this.#closed;
    if (failed && (await this.#secrets.firstToSeeChange(now))) {
      this.#backOff = forgiven(this.#backOff);
      this.#journal.secretChanged();
    }
    const later = momentOf(this.#clock);
    const held = this.#usable(later);
    if (held !== undefined) return held;
    const joined = this.#join(later, replayable);
    if (joined === undefined) throw this.#remembered(later);
    return joined;
  }

  /** Waits for the shared refresh; undefined when there can be none now. */
  #join(now: Moment, replayable: boolean): Promise<HeldToken> | undefined {
    if (this.#refresh !== undefined) this.#events.refreshShared();
    const refresh = this.#sharedRefresh(now);
    return refresh && this.#after(refresh, replayable);
  }

  /** What a caller gets who waited: the current token (the old one, if the refresh failed before it expired), or the shared error. */
  async #after(refresh: Refresh, replayable: boolean): Promise<HeldToken> {
    const error = await refresh.outcome;
    const held = this.#usable(momentOf(this.#clock));
    if (held !== undefined) return held;
    if (error !== undefined) throw error;
    // The new token was rejected, or a clock jumped, before this caller had its turn.
    return this.get(replayable);
  }

  /** The refresh in flight, or a new one; undefined while the back-off lasts, beyond the quota and after close(). */
  #sharedRefresh(now: Moment, forced = false): Refresh | undefined {
    if (this.#refresh !== undefined) return this.#refresh;
    if (this.#closed || waitLeftMs(this.#backOff, now) > 0) return undefined;
    const quotaMs = this.#quota?.waitMs(now) ?? 0;
    if (quotaMs > 0) {
      this.#journal.quotaReached(quotaMs);
      return undefined;
    }
    this.#quota?.take(now);
    const wish = { before: this.#newest?.token, rejected: this.#nextReplacesRejected, forced };
    const sharing = this.#shared && { tokens: this.#shared, wish };
    const request = startTokenRequest(this.#provider, this.#clock, sharing);
    this.#refresh = { request, outcome: this.#settle(request) };
    return this.#refresh;
  }

  async #settle(request: TokenRequest): Promise<TokenRequestError | undefined> {
    let held: TimedToken;
    try {
      const token = await request.token;
      if (this.#held?.takesAgain(token, momentOf(this.#clock))) {
        this.#backOff = noFailure;
        // It was a look whether there is another token, and none was issued.
        this.#quota?.giveBack();
        return undefined;
      }
      held = heldFrom({
        token,
        generation: (this.#newest?.generation ?? 0) + 1,
        replacesRejected: this.#nextReplacesRejected,
        asked: request.asked,
        obtained: momentOf(this.#clock),
        random: this.#random(),
      });
    } catch (error) {
      return this.#failed(asTokenRequestError(error), request);
    } finally {
      this.#refresh = undefined;
    }
    const before = this.#newest;
    const durationMs = held.obtained.monotonicMs - request.asked.monotonicMs;
    this.#newest = held;
    this.#held = held;
    this.#cache.set(this.#key, held);
    this.#nextReplacesRejected = false;
    this.#backOff = noFailure;
    if (held.token.shared) this.#quota?.giveBack();
    this.#events.requestEnded(held.token.shared ? 'shared' : 'ok', durationMs);
    this.#events.becameCurrent(held);
    this.#journal.obtained(held, before, durationMs);
    return undefined;
  }

  /** Remembers the failure; returns the error for those who waited, with the time until the next attempt. */
  #failed(error: TokenRequestError, request: TokenRequest): TokenRequestError {
    if (this.#closed !== undefined) return closedError(this.#closed);
    const now = momentOf(this.#clock);
    const durationMs = now.monotonicMs - request.asked.monotonicMs;
    this.#backOff = afterFailure(this.#backOff, error, now, this.#random());
    const retryMs = waitLeftMs(this.#backOff, now);
    this.#events.requestEnded(error.failure.kind, durationMs);
    this.#journal.refreshFailed(error, this.#usable(now)?.remainingMs(now), retryMs, durationMs);
    return askAgainAfter(error, retryMs);
  }

  #remembered(now: Moment): TokenRequestError {
    const { last } = this.#backOff;
    if (this.#closed !== undefined) return closedError(this.#closed);
    const [leftMs, quotaMs] = [waitLeftMs(this.#backOff, now), this.#quota?.waitMs(now) ?? 0];
    if (this.#quota !== undefined && quotaMs > 0 && leftMs === 0) return this.#quota.error(now);
    return last === undefined ? closedError('stopping') : askAgainAfter(last.error, Math.max(leftMs, quotaMs));
  }
}
