import type { Contradiction } from '../challenge/contradiction/contradiction.ts';
import type { Yardstick } from '../challenge/contradiction/evidence.ts';
import { contradictions } from '../challenge/contradictions.ts';
import { explain } from '../challenge/explanation.ts';
import type { ChallengeFacts, Profile, Verdict } from '../challenge/policy.ts';
import type { Challenge } from '../challenge/read-challenge.ts';
import { anatomyOf } from '../challenge/token-anatomy.ts';
import { BearerdError } from '../errors.ts';
import type { HeldToken } from '../token/held-token.ts';
import type { KeyExaminer } from '../token/key-evidence.ts';
import type { TokenRequestError } from '../token/provider.ts';

/** A 401 that was judged, with all that is known about it. */
export interface Rejection {
  readonly facts: ChallengeFacts;
  readonly challenge: Challenge;
  readonly verdict: Verdict;
  /** The token that was refused. */
  readonly held: HeldToken;
  /** Milliseconds that the API's clock is ahead of ours, by the Date field of the 401; undefined = it has none. */
  readonly apiAheadMs: number | undefined;
  /** Why no new token could be had (M15, M16). */
  readonly failure?: TokenRequestError;
}

/** Who is asking, for the words of the explanation. */
export interface FaultContext {
  readonly profile: Profile;
  readonly routeName: string;
  readonly credentialName: string;
  /** What tokens are compared with. */
  readonly yardstick: Yardstick;
  /** The issuer's published keys; undefined = nothing says where they are. */
  readonly keys: KeyExaminer | undefined;
}

/**
 * What of a refused token contradicts what the API expects. Where the issuer's keys are not there yet it waits for them,
 * one second at most.
 * @param waitMs another limit for that wait, in milliseconds
 */
export async function findingsOf(
  { facts, challenge, verdict, held, failure, apiAheadMs }: Rejection,
  context: FaultContext,
  nowMs: number,
  waitMs?: number,
): Promise<Contradiction[]> {
  // a retry is no fault of the token's, and a failed token request has words of its own
  const unhelped = verdict.rule === 'M2a' || verdict.rule === 'M17';
  if (failure !== undefined || !(verdict.action === 'explain' || unhelped)) return [];
  const found = contradictions({
    ...context.yardstick,
    token: held.token.value,
    profile: context.profile,
    nowMs,
    keys: await context.keys?.examine(held.token.value, waitMs),
    answer: {
      status: facts.status,
      class: verdict.class,
      text: challenge.upstreamText,
      neededScope: challenge.neededScope,
      acceptedBefore: facts.accepted,
    },
    clocks: { apiAheadSeconds: apiAheadMs === undefined ? undefined : apiAheadMs / 1000 },
  });
  // an API that does not blame the token may miss a permission: then only what is certain counts
  return verdict.action === 'explain' ? found : found.filter(({ certainty }) => certainty === 'certain');
}

/** The answer of bearerd in place of a 401 about the token (wire facts 5.4): what the API said, our view of the token, the cure. */
export function tokenFault(
  rejection: Rejection,
  findings: readonly Contradiction[],
  context: FaultContext,
  nowMs: number,
): BearerdError {
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
    findings,
    ...(failure === undefined ? {} : { refreshError: failure }),
  });
  const retryAfterSeconds = failure?.occurrence.retryAfterSeconds ?? 1;
  return new BearerdError(code, detail, {
    action,
    token: anatomy,
    ...(findings.length === 0 ? {} : { findings }),
    upstreamStatus: facts.status,
    ...(upstreamErrorCode === undefined ? {} : { upstreamErrorCode }),
    ...(verdict.action === 'explain-retriable' ? { retryAfterSeconds } : {}),
    ...(failure === undefined ? {} : { cause: failure }),
  });
}
