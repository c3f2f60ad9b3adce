import type { Log } from '../../src/log.ts';
import type { AccessToken } from '../../src/token/access-token.ts';
import { TokenRequestError } from '../../src/token/provider.ts';
import { createTokenCache } from '../../src/token/token-cache.ts';
import { TokenSource } from '../../src/token/token-source.ts';
import { SharedStore } from './shared-store.ts';
import { seeded, VirtualTime } from './virtual-time.ts';

/** A fleet and what happens to it. */
export interface Fleet {
  readonly replicas: number;
  readonly shared: boolean;
  /** Seconds that a token lives. */
  readonly lifeSeconds: number;
  /** Seconds between two requests of one replica, on average. */
  readonly gapSeconds: number;
  /** Seconds in which the replicas start, evenly at random. */
  readonly startSeconds: number;
  /** Seconds that are simulated. */
  readonly seconds: number;
  /** When every token request is answered with 503; undefined = never. */
  readonly outage?: { readonly fromSecond: number; readonly toSecond: number } | undefined;
}

/** What was counted, by second from the start. */
export interface Counted {
  readonly tokenRequests: Uint32Array;
  readonly requests: Uint32Array;
  /** Requests that got no token. */
  readonly failed: Uint32Array;
  /** Seconds that a request waited for its token or its refusal, at most. */
  readonly longestWait: number;
}

/** Milliseconds that the token endpoint takes. */
const answerMs = 200;

const silent = (): void => {};
const log: Log = { trace: silent, debug: silent, info: silent, warn: silent, error: silent };
const events = { requestEnded: silent, refreshShared: silent, becameCurrent: silent };

/**
 * Runs a fleet in virtual time: each replica is a TokenSource of bearerd, with its expiry, refresh ahead and back-off; its
 * requests come at random (exponential gaps), the first one when it starts. The same numbers for the same seed.
 */
export async function simulate(fleet: Fleet, seed = 1): Promise<Counted> {
  const { replicas, shared, lifeSeconds, gapSeconds, startSeconds, seconds, outage } = fleet;
  const time = new VirtualTime();
  const random = seeded(seed);
  const store = shared ? new SharedStore(time, random) : undefined;
  const [tokenRequests, requests, failed] = [0, 1, 2].map(() => new Uint32Array(seconds + 1)) as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ]; // three by the line above
  let issued = 0;
  let longestWait = 0;
  const second = (): number => Math.floor(time.monotonicMs() / 1000);

  const requestToken = (): Promise<AccessToken> =>
    new Promise((resolve, reject) => {
      const asked = second();
      count(tokenRequests, asked);
      const requestedAtMs = time.nowMs();
      const down = outage !== undefined && asked >= outage.fromSecond && asked < outage.toSecond;
      time.restless = true;
      time.after(answerMs, () => {
        time.restless = true;
        issued += 1;
        if (down) reject(new TokenRequestError('down', { kind: 'transient', reason: 'http_503' }));
        else {
          const lifetimeMs = lifeSeconds * 1000;
          resolve({ value: `token${issued}`, requestedAtMs, lifetimeMs, lifetimeSource: 'expires_in' });
        }
      });
    });

  for (let i = 0; i < replicas; i += 1) {
    const source = new TokenSource('key', { requestToken }, createTokenCache(1), {
      ...{ clock: time, random, log, events },
      shared: store,
    });
    const request = (): void => {
      const at = second();
      const sinceMs = time.monotonicMs();
      count(requests, at);
      const token = source.get(true);
      if (token instanceof Promise) {
        time.restless = true;
        const over = (): void => {
          longestWait = Math.max(longestWait, (time.monotonicMs() - sinceMs) / 1000);
        };
        token.then(over, () => {
          over();
          count(failed, at);
        });
      }
      time.after(-Math.log(1 - random() * 0.999_999) * gapSeconds * 1000, request);
    };
    time.after(random() * startSeconds * 1000, request);
  }
  await time.until(seconds * 1000);
  return { tokenRequests, requests, failed, longestWait };
}

function count(bySecond: Uint32Array, second: number): void {
  bySecond[second] = (bySecond[second] ?? 0) + 1;
}

/** The sum from one second (inclusive) to another. */
export function sum(bySecond: Uint32Array, from: number, to: number): number {
  return bySecond.subarray(from, to).reduce((all, one) => all + one, 0);
}

/** The most in any second of a span. */
export function peak(bySecond: Uint32Array, from: number, to: number): number {
  return bySecond.subarray(from, to).reduce((most, one) => Math.max(most, one), 0);
}
