import type { AccessToken } from '../../src/token/access-token.ts';
import { waitZoneMs } from '../../src/token/expiry.ts';
import type { SharedTokens, TokenWish } from '../../src/token/shared-tokens.ts';
import { patience } from '../../src/token-cache/credential-tokens.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Somebody who waits for the one who asks. */
interface Waiter {
  readonly wish: TokenWish;
  /** It asks by itself, or with the lock, or has a token: the first of these counts. */
  readonly go: (found: AccessToken | 'lock' | 'alone') => void;
}

/**
 * The rules of src/token-cache/credential-tokens.ts in virtual time: one asks, the others take what it puts there, and ask
 * by themselves after the same wait. Encryption and the network are left out, as they take real time.
 */
export class SharedStore implements SharedTokens {
  readonly #time: VirtualTime;
  readonly #random: () => number;
  readonly #waiting = new Set<Waiter>();
  #token: AccessToken | undefined;
  #locked = false;

  constructor(time: VirtualTime, random: () => number) {
    this.#time = time;
    this.#random = random;
  }

  async obtain(ask: () => Promise<AccessToken>, wish: TokenWish): Promise<AccessToken> {
    // a refresh ahead leaves no promise with the request that started it
    this.#time.restless = true;
    const turn = await this.#turn(wish);
    if (typeof turn === 'object') return turn;
    try {
      const token = await ask();
      this.#token = { ...token, shared: true };
      return token;
    } finally {
      if (turn === 'lock') this.#locked = false;
      this.#look();
    }
  }

  async #turn(wish: TokenWish): Promise<AccessToken | 'lock' | 'alone'> {
    if (this.#serves(wish)) return this.#token ?? 'alone';
    if (!this.#locked) {
      this.#locked = true;
      return 'lock';
    }
    return new Promise((resolve) => {
      const waiter: Waiter = {
        wish,
        go: (found) => {
          if (!this.#waiting.delete(waiter)) return;
          this.#time.restless = true;
          resolve(found);
        },
      };
      this.#waiting.add(waiter);
      this.#time.after(patience.waitMs, () => waiter.go('alone'));
    });
  }

  /** Those who wait look after a pause: all see a token, or one gets the lock. */
  #look(): void {
    for (const waiter of this.#waiting) {
      if (!this.#serves(waiter.wish)) {
        if (this.#locked) return;
        this.#locked = true;
        waiter.go('lock');
        return;
      }
      const pauseMs = patience.longestPauseMs * (1 - 0.5 * this.#random());
      this.#time.after(pauseMs, () => waiter.go(this.#token ?? 'alone'));
    }
  }

  #serves({ before }: TokenWish): boolean {
    const token = this.#token;
    if (token?.lifetimeMs === undefined) return false;
    const leftMs = token.requestedAtMs + token.lifetimeMs - this.#time.nowMs();
    return leftMs > waitZoneMs(token.lifetimeMs) && token.value !== before?.value;
  }
}
