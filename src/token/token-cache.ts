import { LRUCache } from 'lru-cache';
import type { TimedToken } from './timed-token.ts';

/**
 * Current tokens by the fingerprint of their credential, so that a token outlives its source when the configuration is read again.
 * Without a ttl: lru-cache's clock is monotonic and stands still while a laptop sleeps; TimedToken knows when it ends.
 * Without lru-cache's `fetch`: the abort of one caller would fail all (stack traps).
 */
export type TokenCache = LRUCache<string, TimedToken>;

/** Makes a cache with room for this many credentials (at least one), so that none pushes another out. */
export function createTokenCache(credentials: number): TokenCache {
  return new LRUCache<string, TimedToken>({ max: Math.max(1, credentials) });
}
