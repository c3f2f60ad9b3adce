/** Where an access token's lifetime was learnt (wire facts: RFC 6749 §5.1, RFC 7519 §4.1.4). */
export type LifetimeSource = 'expires_in' | 'expires_on' | 'jwt_exp' | 'default' | 'clamped' | 'configured';

/** An access token as a provider hands it over. */
export interface AccessToken {
  /** The token itself, 1*%x21-7E; never logged. */
  readonly value: string;
  /** Epoch milliseconds at the START of the token request: `expires_in` counts from there at the latest. */
  readonly requestedAtMs: number;
  /** Milliseconds of life counted from `requestedAtMs`; undefined when the token never expires (static). */
  readonly lifetimeMs: number | undefined;
  readonly lifetimeSource: LifetimeSource;
  /**
   * Somebody else may replace this token at any time, and asking for it again is cheap (a file): milliseconds after which
   * the next request asks again and waits for the answer. The same token again is no news: nothing is logged or counted.
   */
  readonly recheckAfterMs?: number;
  /** Taken over from a cache that other processes fill too: no token request was made for it here. */
  readonly shared?: true;
}
