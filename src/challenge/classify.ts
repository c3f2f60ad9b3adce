import { meaningOf } from './api-codes.ts';
import { apis } from './apis.ts';
import type { ChallengeClass, ChallengeFacts, Profile } from './policy.ts';
import { classOfBearerError } from './rfc6750.ts';

/** The class of a 401, and which of its two places said so (only *rejected* needs to know: M7 against M8). */
export interface Classification {
  readonly class: ChallengeClass;
  readonly by: 'clock' | 'code' | 'bearer' | 'nothing';
}

const nearExpiryMs = 30_000;

/** The last 10 % of the token's life, 30 s at most; false when the expiry is unknown (wire facts 5.1). */
export function isNearExpiry(facts: Pick<ChallengeFacts, 'remainingMs' | 'ageMs'>): boolean {
  const { remainingMs, ageMs } = facts;
  return remainingMs !== undefined && remainingMs <= Math.min(nearExpiryMs, (remainingMs + ageMs) / 10);
}

/**
 * What a 401 says about the token (wire facts 5.1). A token that our own clock calls expired is expired whatever the code says.
 * Where body and Bearer challenge disagree the body's own token code wins: RFC 9068 §4 has servers say invalid_token for
 * every fault, so the challenge is the coarser of the two.
 */
export function classify(profile: Profile, facts: ChallengeFacts): Classification {
  if (facts.remainingMs !== undefined && facts.remainingMs <= 0) return { class: 'expired', by: 'clock' };
  const known = meaningOf(apis[profile], facts.code);
  if (known !== undefined) return { class: known.class, by: 'code' };
  if (facts.code === undefined && isNearExpiry(facts)) return { class: 'expired', by: 'clock' };
  const byBearer = classOfBearerError(facts.bearerError);
  return byBearer === 'none' ? { class: 'none', by: 'nothing' } : { class: byBearer, by: 'bearer' };
}

/** Any status below 500 shows that the token was taken, except those that say nothing about it (wire facts 5.1). */
export function showsAcceptance(status: number): boolean {
  return status < 500 && status !== 401 && status !== 407 && status !== 408 && status !== 429;
}
