import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import type { AccessToken } from '../token/access-token.ts';
import { waitZoneMs } from '../token/expiry.ts';
import type { SharedTokens, TokenWish } from '../token/shared-tokens.ts';
import { accessToken, type CacheKey, type KeyRing, nameOf, open, seal } from './sealed-token.ts';
import type { Store } from './store.ts';

/** How long is waited, milliseconds. */
export interface Patience {
  /** A lock ends after this by itself; whoever asks extends it while the answer is out. */
  readonly lockMs: number;
  /** A process waits this long for the one that has the lock; then it asks by itself. */
  readonly waitMs: number;
  /** The first and the longest pause between two looks; each is cut by up to a half at random. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

/** As long as a token request may take by default (10 s), and a process that dies in the middle of one delays the others no longer. */
export const patience: Patience = { lockMs: 10_000, waitMs: 15_000, firstPauseMs: 50, longestPauseMs: 400 };

/** Rejected tokens that are remembered, so that a store that comes back with an old one cannot hand it out again. */
const mostRefused = 8;

/** What the tokens of one credential need. */
export interface CredentialTokensDeps {
  readonly store: Store;
  readonly keys: KeyRing;
  readonly clock: Clock;
  /** From 0 (inclusive) to 1. */
  readonly random: () => number;
  readonly patience?: Patience;
  /** Takes what runs on after the caller has its token, so that a stop can wait for it. */
  readonly background: (work: Promise<void>) => void;
}

/** An entry that can be read. */
interface Found {
  readonly token: AccessToken;
  /** The name and text that it was read from. */
  readonly name: string;
  readonly text: string;
}

/** A lock that is ours. */
interface Lock {
  readonly name: string;
  readonly owner: string;
}

/** The tokens of one credential in a store: whoever has the lock asks, the others wait for what it puts there. */
export class CredentialTokens implements SharedTokens {
  readonly #credential: string;
  readonly #deps: CredentialTokensDeps;
  readonly #refused = new Set<string>();

  /** @param credential hash of what shapes the token request, the same in every process */
  constructor(credential: string, deps: CredentialTokensDeps) {
    this.#credential = credential;
    this.#deps = deps;
  }

  async obtain(ask: () => Promise<AccessToken>, wish: TokenWish, signal: AbortSignal): Promise<AccessToken> {
    if (wish.rejected && wish.before !== undefined) this.#refuse(wish.before.value);
    // The store has told of its trouble itself; this process goes on alone.
    const turn = await this.#turn(wish, signal).catch(() => undefined);
    if (turn !== undefined && 'token' in turn) return turn.token;
    if (turn === undefined) {
      const token = await ask();
      this.#deps.background(this.#publish(token));
      return token;
    }
    const stopExtending = this.#keepExtending(turn);
    let token: AccessToken | undefined;
    try {
      token = await ask();
      return token;
    } finally {
      stopExtending();
      // The caller does not wait for it. Written first, let go then: who finds no lock finds the token.
      this.#deps.background(this.#publish(token).finally(() => this.#unlock(turn)));
    }
  }

  /** A token that is there or appears, or the lock; undefined = waited long enough. @throws StoreUnavailable, BearerdError (a key that cannot be read) */
  async #turn(wish: TokenWish, signal: AbortSignal): Promise<Found | Lock | undefined> {
    const { store, clock, keys } = this.#deps;
    const { lockMs, waitMs } = this.#deps.patience ?? patience;
    const ring = await keys.read();
    const [writing] = ring;
    if (writing === undefined) return undefined;
    const lock = { name: nameOf(writing, 'lock', this.#credential), owner: randomUUID() };
    const untilMs = clock.monotonicMs() + waitMs;
    const there = await this.#find(ring);
    const ready = wish.forced ? undefined : this.#best(there, wish);
    if (ready !== undefined) return ready;
    for (const { token, name, text } of there) if (this.#refused.has(token.value)) await store.drop(name, text);
    // A forced refresh takes only what was put there after it began.
    const old = wish.forced ? there.map(({ token }) => token.value) : [];
    for (let round = 0; !signal.aborted; round += 1) {
      const isOurs = await store.lock(lock.name, lock.owner, lockMs);
      // Also with the lock: somebody may have put a token there and let go between the two.
      const found = (await this.#find(ring)).filter(({ token }) => !old.includes(token.value));
      const best = this.#best(found, wish);
      if (best === undefined && isOurs) return lock;
      if (isOurs) this.#deps.background(this.#unlock(lock));
      if (best !== undefined) return best;
      if (clock.monotonicMs() >= untilMs) return undefined;
      await delay(this.#pauseMs(round), undefined, { signal });
    }
    return undefined;
  }

  /** What the keys open. */
  async #find(ring: readonly CacheKey[]): Promise<readonly Found[]> {
    const names = ring.map((key) => nameOf(key, 'token', this.#credential));
    const stored = await this.#deps.store.read(names);
    const nowMs = this.#deps.clock.nowMs();
    const found = await Promise.all(
      ring.map(async (key, index): Promise<Found | undefined> => {
        const [name = '', one] = [names[index], stored[index]];
        const sealed = one && (await open(one.text, name, key));
        return one && sealed && { token: accessToken(sealed, one.leftMs, nowMs), name, text: one.text };
      }),
    );
    return found.filter((one) => one !== undefined);
  }

  /** The one that lives longest of those that serve. */
  #best(found: readonly Found[], wish: TokenWish): Found | undefined {
    const [best] = found
      .filter(({ token }) => this.#serves(token, wish))
      .sort((a, b) => endMs(b.token) - endMs(a.token));
    return best;
  }

  /** It has life left, is another one than before, was not rejected, and lasts longer than the one that is kept otherwise. */
  #serves(token: AccessToken, { before, rejected }: TokenWish): boolean {
    const leftMs = endMs(token) - this.#deps.clock.nowMs();
    if (leftMs <= waitZoneMs(token.lifetimeMs ?? leftMs) || this.#refused.has(token.value)) return false;
    return before === undefined || (token.value !== before.value && (rejected || endMs(token) > endMs(before)));
  }

  #refuse(value: string): void {
    this.#refused.delete(value);
    this.#refused.add(value);
    for (const oldest of this.#refused) {
      if (this.#refused.size <= mostRefused) break;
      this.#refused.delete(oldest);
    }
  }

  #pauseMs(round: number): number {
    const { firstPauseMs, longestPauseMs } = this.#deps.patience ?? patience;
    return Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(round, 10)) * (1 - 0.5 * this.#deps.random());
  }

  /** Puts it there for the others; never throws, because the caller has the token already. */
  async #publish(token: AccessToken | undefined): Promise<void> {
    const { store, keys, clock } = this.#deps;
    if (token?.lifetimeMs === undefined) return;
    const { value, requestedAtMs, lifetimeMs, lifetimeSource } = token;
    const leftMs = Math.floor(endMs(token) - clock.nowMs());
    if (leftMs <= 0) return;
    try {
      const [key] = await keys.read();
      if (key === undefined) return;
      const name = nameOf(key, 'token', this.#credential);
      await store.write(name, await seal({ value, requestedAtMs, lifetimeMs, lifetimeSource }, name, key), leftMs);
    } catch {
      // The store has told of it itself; the others ask by themselves.
    }
  }

  #keepExtending({ name, owner }: Lock): () => void {
    const { store } = this.#deps;
    const { lockMs } = this.#deps.patience ?? patience;
    const timer = setInterval(() => void store.extend(name, owner, lockMs).catch(() => {}), lockMs / 3);
    timer.unref();
    return () => clearInterval(timer);
  }

  /** Never throws: a lock that cannot be let go ends by itself. */
  #unlock({ name, owner }: Lock): Promise<void> {
    return this.#deps.store.unlock(name, owner).catch(() => {});
  }
}

/** Epoch milliseconds; Infinity = never. */
function endMs({ requestedAtMs, lifetimeMs }: AccessToken): number {
  return requestedAtMs + (lifetimeMs ?? Number.POSITIVE_INFINITY);
}
