import type { StatusClass } from './tally.ts';

/** The answer of /api/status: what is served and how it is; times are ISO 8601, never a secret or a token. */
export interface Status {
  readonly version: string;
  /** Node's. */
  readonly node: string;
  readonly startedAt: string;
  readonly uptimeSeconds: number;
  /** stopping: nothing new is served any more. */
  readonly state: 'running' | 'stopping';
  readonly listeners: readonly { readonly url: string; readonly routes: readonly string[] }[];
  /** The header field in which callers send the key of guard.localKey; null = none is asked for. */
  readonly localKeyField: string | null;
  /** URL of the admin listener; null = off. */
  readonly admin: string | null;
  readonly routes: readonly RouteStatus[];
  readonly credentials: readonly CredentialStatus[];
  readonly tokenCache: TokenCacheStatus;
  readonly configuration: ConfigurationStatus;
}

/** Where tokens are kept. */
export interface TokenCacheStatus {
  /** memory = of this process alone. */
  readonly kind: 'memory' | 'redis' | 'file';
  /** false = it cannot be used, and this process asks for tokens by itself. */
  readonly available: boolean;
  /** Why not, in words, without secrets. */
  readonly problem: string | null;
}

/** One route of the configuration in force. */
export interface RouteStatus {
  readonly name: string;
  readonly path: string;
  readonly upstream: string;
  readonly preset: string;
  readonly credential: string;
  /** No certificate of the upstream is verified. */
  readonly insecureSkipVerify: boolean;
  /** Since the start, by status class; classes that did not occur are missing. */
  readonly requests: Readonly<Partial<Record<StatusClass, number>>>;
  /** Requests of it that were sent a second time after a 401. */
  readonly repeated: number;
}

/** One credential that a route uses, and its token. */
export interface CredentialStatus {
  readonly name: string;
  readonly provider: string;
  /** The routes that use it. */
  readonly routes: readonly string[];
  /** No certificate of the token endpoint is verified. */
  readonly insecureSkipVerify: boolean;
  /**
   * ok = a token that may be sent is there; idle = none is there and none was asked for since (the next request does);
   * waiting = the first token request is under way or has not begun; failing = none is there and the last request failed;
   * per-caller = each caller has a token of its own, and none is shown here.
   */
  readonly state: 'ok' | 'idle' | 'waiting' | 'failing' | 'per-caller';
  /** A token request is in flight. */
  readonly refreshing: boolean;
  readonly token: {
    /** Counts the tokens obtained; 0 = none yet. */
    readonly generation: number;
    readonly obtainedAt: string | null;
    /** null = there is no token, or it never expires. */
    readonly expiresAt: string | null;
    readonly expiresInSeconds: number | null;
    /** What of the newest token contradicts the credential's `expect`: id, sentence, cure, certainty; the likeliest first. */
    readonly findings: readonly object[];
    /** From then on the next request asks for another one; null = there is no token, or none is asked for. */
    readonly refreshAt: string | null;
  };
  /** The last refusal by the API that nothing helped against; null once the API has taken a token. */
  readonly lastRefusal: RefusalStatus | null;
  /** The last token request, if it failed; also while an older token is still good. */
  readonly lastFailure: {
    readonly at: string;
    /** In words, without secrets. */
    readonly message: string;
    /** transient: tried again by itself; permanent: somebody has to change something. */
    readonly kind: 'transient' | 'permanent';
    readonly reason: string;
    /** No token is requested before. */
    readonly retryAt: string;
  } | null;
}

/** A token that the API refused, in the words of the answer that its caller got. */
export interface RefusalStatus {
  readonly at: string;
  readonly route: string;
  /** `BEARERD_…`. */
  readonly code: string;
  readonly upstreamErrorCode: string | null;
  readonly detail: string;
  readonly action: string;
  /** As in the answer: id, sentence, cure, certainty. */
  readonly findings: readonly object[];
}

/** The configuration in force, and what became of the last one that was read. */
export interface ConfigurationStatus {
  /** As the user names it; null = flags and environment alone. */
  readonly file: string | null;
  /** When the configuration in force was taken over. */
  readonly inForceSince: string;
  /** null = not since the start. */
  readonly lastReload: {
    readonly at: string;
    readonly outcome: 'success' | 'failure';
    /** What was wrong with it, one sentence each; the configuration before it is still in force then. */
    readonly problems: readonly string[];
  } | null;
}
