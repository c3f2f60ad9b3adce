import type { AccessToken } from './access-token.ts';

/** What a token source is looking for. */
export interface TokenWish {
  /** The newest token that it has had: the same one again is of no use. */
  readonly before: AccessToken | undefined;
  /** The upstream has rejected that one. */
  readonly rejected: boolean;
  /** Somebody asked for a new token, whatever there is already. */
  readonly forced: boolean;
}

/** The tokens of one credential that other processes get and use too; see src/token-cache/. */
export interface SharedTokens {
  /**
   * A token that another process has put there, marked as `shared`, or one that `ask` gets, once for all who look for it
   * at the same time.
   * @param ask makes the token request; called at most once
   * @param signal ends the wait for others; `ask` has its own
   * @throws what `ask` throws, and nothing else: without the others each process asks for itself
   */
  readonly obtain: (ask: () => Promise<AccessToken>, wish: TokenWish, signal: AbortSignal) => Promise<AccessToken>;
}
