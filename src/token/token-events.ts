import type { HeldToken } from './held-token.ts';

/** What metrics want to know about one credential's tokens; called synchronously, so it must be cheap and must not throw. */
export interface TokenEvents {
  /**
   * A token request ended; durationMs on the monotonic clock. A request that close() aborted is not reported.
   * shared = none was made, because a token of another process was there.
   */
  readonly requestEnded: (outcome: 'ok' | 'shared' | 'transient' | 'permanent', durationMs: number) => void;
  /** A caller waits for a refresh that somebody else started. */
  readonly refreshShared: () => void;
  /** A token became the current one. */
  readonly becameCurrent: (held: HeldToken) => void;
}
