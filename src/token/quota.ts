import { elapsedMs, type Moment } from './expiry.ts';
import { TokenRequestError } from './provider.ts';

/** How many token requests a credential may make, for identity providers that bill by token. */
export interface Quota {
  readonly requests: number;
  /** In any span of this many milliseconds. */
  readonly perMs: number;
}

/** A count that is kept elsewhere, or a new one. */
export function quotaOf(quota: Quota | RequestQuota | undefined): RequestQuota | undefined {
  return quota === undefined || quota instanceof RequestQuota ? quota : new RequestQuota(quota);
}

/** Counts the token requests of one credential against its quota. */
export class RequestQuota {
  readonly #quota: Quota;
  /** The latest requests, oldest first; never more than the quota. */
  #made: readonly Moment[] = [];

  constructor(quota: Quota) {
    this.#quota = quota;
  }

  /** Milliseconds until the next request may be made; 0 = now. */
  waitMs(now: Moment): number {
    const [oldest] = this.#made;
    if (oldest === undefined || this.#made.length < this.#quota.requests) return 0;
    return Math.max(0, this.#quota.perMs - elapsedMs(oldest, now));
  }

  /** A request is made now. */
  take(now: Moment): void {
    this.#made = [...this.#made, now].slice(-this.#quota.requests);
  }

  /** The request that was counted last turned out not to be needed, or brought no new token. */
  giveBack(): void {
    this.#made = this.#made.slice(0, -1);
  }

  /** What a caller is told who would need a token now. */
  error(now: Moment): TokenRequestError {
    const { requests, perMs } = this.#quota;
    const seconds = Math.round(perMs / 1000);
    return new TokenRequestError(
      `No token was asked for: maxTokenRequests allows ${requests} token requests in ${seconds} s, and as many were made`,
      {
        kind: 'transient',
        reason: 'quota',
        retryAfterMs: this.waitMs(now),
        action:
          "Find out why so many tokens are needed (refused tokens, restarts), or raise the credential's maxTokenRequests.",
      },
    );
  }
}
