import { createLocalJWKSet, errors, type JWTVerifyGetKey } from 'jose';

/** The key set could not be had: unreachable, not 200, or not a JWK Set. */
export class KeySetError extends Error {}

/** The keys behind a JWKS URL, fetched anew when older than the cache time or when a key is missing. */
export class KeySetUrl {
  readonly #url: string;
  readonly #cacheMs: number;
  #fetching: Promise<JWTVerifyGetKey> | undefined;
  #cached: { readonly getKey: JWTVerifyGetKey; readonly untilMs: number } | undefined;

  /** @param cacheMs milliseconds that a fetched set is used; 0 = each verification asks again. */
  constructor(url: string, cacheMs: number) {
    this.#url = url;
    this.#cacheMs = cacheMs;
  }

  /** @throws KeySetError when the set cannot be had; JWKSNoMatchingKey when the key is in none. */
  readonly getKey: JWTVerifyGetKey = async (header, token) => {
    try {
      return await (await this.#current())(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      // The set in hand may have been fetched just before a rotation.
      return await (await this.#fetch())(header, token);
    }
  };

  async #current(): Promise<JWTVerifyGetKey> {
    if (this.#cached !== undefined && performance.now() < this.#cached.untilMs) return this.#cached.getKey;
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    return await this.#fetching;
  }

  async #fetch(): Promise<JWTVerifyGetKey> {
    try {
      const response = await fetch(this.#url, { signal: AbortSignal.timeout(5_000) });
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      // createLocalJWKSet() itself refuses what is no key set.
      const getKey = createLocalJWKSet((await response.json()) as Parameters<typeof createLocalJWKSet>[0]);
      this.#cached = { getKey, untilMs: performance.now() + this.#cacheMs };
      return getKey;
    } catch (cause) {
      this.#cached = undefined;
      throw new KeySetError(`The key set at ${this.#url} cannot be had.`, { cause });
    }
  }
}
