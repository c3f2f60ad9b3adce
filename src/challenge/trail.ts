import type { Action, ChallengeClass, Rule, Verdict } from './policy.ts';

/** One decision about a 401, kept for people to look at; the token is not in it. */
export interface TrailStep {
  /** Which attempt was refused. */
  readonly attempt: 1 | 2;
  /** Of the token that was refused. */
  readonly generation: number;
  /** The upstream's code, fit to be printed; undefined = it gave none. */
  readonly code: string | undefined;
  readonly class: ChallengeClass;
  readonly rule: Rule;
  readonly action: Action;
  /** What happened to the token that was refused. */
  readonly cache: Verdict['cache'];
  /** Milliseconds since the token was requested, when the request was sent. */
  readonly ageMs: number;
  /** Milliseconds to its expiry then; undefined = it never expires. */
  readonly remainingMs: number | undefined;
  /** Why no new token could be had (M15, M16), without secrets. */
  readonly refreshFailure: string | undefined;
}

const because: Readonly<Record<Rule, string>> = {
  M0: 'the answer is no 401',
  M2a: 'the second attempt was refused too, and not for the token',
  M2b: 'the second attempt was refused too',
  M3: 'the token is accepted, but it may not do this',
  M4: 'the token had been replaced while the request was under way',
  M5: "the token's time is over",
  M6: 'a new token would help, but the request body is not held whole and cannot be sent again',
  M6b: 'a new token was forced a moment ago and did not help',
  M7: 'the API calls the token invalid',
  M8: 'the token was good before, so keys may have been rotated or the token revoked',
  M9: 'the token is fresh and was never accepted here, so a new one would be refused too',
  M10: 'the token is not of the form that the API reads, so a new one would be refused too',
  M11: 'the API could not process the token, and a new one does not change that',
  M12: 'a 401 without a code from this API is about a permission, not about the token',
  M13: 'a 401 without a code may be about the token',
  M14: 'a 401 without a code may be about the token, but a new one did not help a moment ago',
  M15: 'no new token could be had for now',
  M16: 'the identity provider refuses to give a new token',
  M17: 'the identity provider gave the same token again',
  own: "a rule of the route's own configuration says so",
};

const done: Readonly<Record<Action, string>> = {
  pass: "handed the API's own answer on",
  'refresh-and-repeat': 'asked for a new token, to send the request once more',
  'repeat-with-current': 'sent the request once more with the newer token',
  'explain-retriable': 'asked the client to send the request again',
  explain: 'explained it to the client',
};

/** Why a step was decided as it was, and what was done: two halves of a sentence. */
export function trailWords({ rule, action }: TrailStep): { readonly because: string; readonly done: string } {
  return { because: because[rule], done: done[action] };
}
