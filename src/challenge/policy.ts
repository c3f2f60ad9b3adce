/** Which table of 401 codes applies: the route's preset; generic is RFC 6750. */
export type Profile = 'collibra' | 'collaborate' | 'generic';

/** What a 401 says about the token (wire facts 5.1); the first that matches, and remaining life <= 0 beats any code. */
export type ChallengeClass = 'expired' | 'rejected' | 'unusable' | 'unprocessable' | 'not-auth' | 'none';

/** A user's own rule, before the preset's: a code of the 401 body or of the Bearer challenge, compared without regard to case. */
export interface OwnRule {
  readonly status: 401;
  readonly code: string;
  /** retry = treat as expired, fail = explain, pass = the upstream's own answer. */
  readonly do: 'retry' | 'fail' | 'pass';
}

/** Everything that the decision about an answer depends on. */
export interface ChallengeFacts {
  readonly status: number;
  readonly method: string;
  readonly attempt: 1 | 2;
  /** The code in the decoded JSON body (errorCodeOf); undefined when there is none. */
  readonly code: string | undefined;
  /** `error` of the Bearer challenge in WWW-Authenticate (RFC 6750 §3). */
  readonly bearerError: string | undefined;
  /** Milliseconds to our own recorded expiry when the request was sent; undefined = never expires or unknown. */
  readonly remainingMs: number | undefined;
  /** Milliseconds since the token was requested, when the request was sent. */
  readonly ageMs: number;
  /** This token has had an answer that shows it was accepted. */
  readonly accepted: boolean;
  /** Another process obtained it: whether it was accepted there, and since revoked, nobody knows here. */
  readonly shared?: boolean | undefined;
  /** The cache still holds this very token. */
  readonly current: boolean;
  /** The request has no body, or all of it is remembered. */
  readonly replayable: boolean;
  /** An old connection had been closed under it, so that it has had both its attempts (RFC 9110 §9.2.2). */
  readonly resent?: boolean | undefined;
  /** Milliseconds since the last forced refresh that did not help; undefined = none, or a success came since. */
  readonly sinceUnhelpfulMs: number | undefined;
}

/** The row of the decision table that matched (wire facts 5.2), or `own` for a user's rule. */
export type Rule =
  | 'M0'
  | 'M2a'
  | 'M2b'
  | 'M3'
  | 'M4'
  | 'M5'
  | 'M6'
  | 'M6b'
  | 'M7'
  | 'M8'
  | 'M9'
  | 'M10'
  | 'M11'
  | 'M12'
  | 'M13'
  | 'M14'
  | 'M15'
  | 'M16'
  | 'M17'
  | 'own';

/** What to do with the answer. */
export type Action =
  /** hand the upstream's answer on unchanged */
  | 'pass'
  /** invalidate, get a new token, send once more */
  | 'refresh-and-repeat'
  /** send once more with the newer token that is already there */
  | 'repeat-with-current'
  /** answer 503 "not applied, repeat it"; a refresh (if cache is `invalidate`) is started for the next caller */
  | 'explain-retriable'
  /** answer 502 with the explanation */
  | 'explain';

/** The decision about one answer. */
export interface Verdict {
  readonly rule: Rule;
  readonly class: ChallengeClass;
  readonly action: Action;
  /**
   * What happens to the token that was sent, if it is still the cached one: invalidate = drop it, cap = do not trust it
   * longer than 60 s after it was obtained. After a refresh (M15-M17): cap is about the identical token that came back.
   * `invalidate` with `pass` (M13 without a repeatable body) drops it and asks for no other until the next request.
   */
  readonly cache: 'keep' | 'invalidate' | 'cap';
  /** Remember that a forced refresh did not help. */
  readonly startCooldown: boolean;
  readonly log: 'debug' | 'info' | 'warn' | 'error';
}
