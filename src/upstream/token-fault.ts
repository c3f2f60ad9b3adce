import { explain } from '../challenge/explanation.ts';
import type { ChallengeFacts, Profile, Verdict } from '../challenge/policy.ts';
import type { Challenge } from '../challenge/read-challenge.ts';
import { anatomyOf } from '../challenge/token-anatomy.ts';
import { BearerdError } from '../errors.ts';
import type { HeldToken } from '../token/held-token.ts';
import type { TokenRequestError } from '../token/provider.ts';

/** A 401 that was judged, with all that is known about it. */
export interface Rejection {
  readonly facts: ChallengeFacts;
  readonly challenge: Challenge;
  readonly verdict: Verdict;
  /** The token that was refused. */
  readonly held: HeldToken;
  /** Why no new token could be had (M15, M16). */
  readonly failure?: TokenRequestError;
}

/** Who is asking, for the words of the explanation. */
export interface FaultContext {
  readonly profile: Profile;
  readonly routeName: string;
  readonly credentialName: string;
}

/** The answer of bearerd in place of a 401 about the token (wire facts 5.4): what the API said, our view of the token, the cure. */
export function tokenFault(rejection: Rejection, context: FaultContext, nowMs: number): BearerdError {
  const { facts, challenge, verdict, held, failure } = rejection;
  const anatomy = anatomyOf(held.token.value, nowMs);
  const { code, detail, action, upstreamErrorCode } = explain({
    profile: context.profile,
    verdict,
    code: challenge.code,
    upstreamText: challenge.upstreamText,
    anatomy,
    facts,
    routeName: context.routeName,
    credentialName: context.credentialName,
    token: held.token.value,
    ...(failure === undefined ? {} : { refreshError: failure }),
  });
  const retryAfterSeconds = failure?.occurrence.retryAfterSeconds ?? 1;
  return new BearerdError(code, detail, {
    action,
    token: anatomy,
    upstreamStatus: facts.status,
    ...(upstreamErrorCode === undefined ? {} : { upstreamErrorCode }),
    ...(verdict.action === 'explain-retriable' ? { retryAfterSeconds } : {}),
    ...(failure === undefined ? {} : { cause: failure }),
  });
}
