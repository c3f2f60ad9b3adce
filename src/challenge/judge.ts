import { apis } from './apis.ts';
import { type Classification, classify, isNearExpiry } from './classify.ts';
import type { Action, ChallengeFacts, OwnRule, Profile, Rule, Verdict } from './policy.ts';
import { ownRuleFor } from './rules.ts';

/** How long an unhelpful refresh keeps the next one from being forced (wire facts 5.2, M5-M8, M13). */
const cooldownMs = { expired: 10_000, other: 60_000 };
/** A token at least this old may have been overtaken by a key rotation even if it was never accepted (M8). */
const rotationAgeMs = 60_000;

/**
 * Decides what to do with an upstream answer: the table of wire facts 5.2 (M0-M14), top to bottom, first match wins.
 * The user's own rules come before it: retry reads the table as if the token were expired, fail explains, pass hands on.
 * Pure; compare-before-change of the cache is the caller's.
 */
export function judge(profile: Profile, facts: ChallengeFacts, ownRules: readonly OwnRule[]): Verdict {
  if (facts.status !== 401) return row('M0', 'none', 'pass', 'keep', 'debug');

  const classified = classify(profile, facts);
  const own = ownRuleFor(facts, ownRules);
  if (own?.do === 'pass') return { ...row('own', 'none', 'pass', 'keep', 'info'), startCooldown: facts.attempt === 2 };
  if (own?.do === 'fail') return ownFailure(classified, facts);
  return table(profile, facts, own?.do === 'retry' ? { class: 'expired', by: 'code' } : classified);
}

function table(profile: Profile, facts: ChallengeFacts, { class: klass, by }: Classification): Verdict {
  const { attempt, current } = facts;
  const replayable = facts.replayable && facts.resent !== true;
  const none = klass === 'none';
  const notAuth = klass === 'not-auth';
  const expired = klass === 'expired';
  const rejectedByBearer = klass === 'rejected' && by === 'bearer';
  const rejectedByCode = klass === 'rejected' && by === 'code';
  const cooling = isCooling(facts, expired ? cooldownMs.expired : cooldownMs.other);
  const mayBeRotation = facts.accepted || facts.shared === true || facts.ageMs >= rotationAgeMs;
  const refreshMayHelp = expired || rejectedByBearer || (rejectedByCode && mayBeRotation);
  const looksGood = facts.remainingMs !== undefined && !isNearExpiry(facts);
  const permission = apis[profile].uncodedIsPermission && facts.method !== 'HEAD' && looksGood;

  if (attempt === 2 && (none || notAuth)) return stop(row('M2a', klass, 'pass', 'keep', 'warn'));
  if (attempt === 2) return stop(row('M2b', klass, 'explain', klass === 'unprocessable' ? 'keep' : 'cap', 'error'));
  if (notAuth) return row('M3', klass, 'pass', 'keep', 'info');
  if (!current && replayable) return row('M4', klass, 'repeat-with-current', 'keep', 'debug');
  if (!current) return row('M4', klass, none ? 'pass' : 'explain-retriable', 'keep', 'debug');
  if (expired && replayable && !cooling) return row('M5', klass, 'refresh-and-repeat', 'invalidate', 'info');
  if (refreshMayHelp && !replayable && !cooling) return row('M6', klass, 'explain-retriable', 'invalidate', 'warn');
  if (expired || (rejectedByBearer && cooling)) return row('M6b', klass, 'explain', 'cap', 'error');
  if (rejectedByBearer) return row('M7', klass, 'refresh-and-repeat', 'invalidate', 'warn');
  if (rejectedByCode && mayBeRotation && !cooling) return row('M8', klass, 'refresh-and-repeat', 'invalidate', 'warn');
  if (rejectedByCode) return row('M9', klass, 'explain', 'cap', 'error');
  if (klass === 'unusable') return row('M10', klass, 'explain', 'cap', 'error');
  if (klass === 'unprocessable') return row('M11', klass, 'explain', 'keep', 'error');
  if (permission) return row('M12', klass, 'pass', 'keep', 'info');
  if (!cooling) return row('M13', klass, replayable ? 'refresh-and-repeat' : 'pass', 'invalidate', 'info');
  return row('M14', klass, 'pass', 'keep', 'info');
}

/**
 * Decides what follows when the refresh of M5, M7, M8 or M13 brought no new token (wire facts 5.2, M15-M17).
 * For class none all three hand on the upstream's own 401. M15 and M16 answer with the token request's own error (503 and
 * 502); the rejected token stays invalidated, so their cache is `keep`: nothing further is changed.
 * @param result how the token request failed, or `identical` when it returned the token that was just rejected.
 */
export function judgeRefresh(verdict: Verdict, result: 'transient' | 'permanent' | 'identical'): Verdict {
  const none = verdict.class === 'none';
  switch (result) {
    case 'transient':
      return row('M15', verdict.class, none ? 'pass' : 'explain-retriable', 'keep', 'error');
    case 'permanent':
      return row('M16', verdict.class, none ? 'pass' : 'explain', 'keep', 'error');
    case 'identical':
      return stop(row('M17', verdict.class, none ? 'pass' : 'explain', none ? 'keep' : 'cap', 'warn'));
  }
}

function ownFailure(classified: Classification, facts: ChallengeFacts): Verdict {
  const none = classified.class === 'none' || classified.class === 'not-auth';
  const klass = none ? 'rejected' : classified.class;
  const verdict = row('own', klass, 'explain', klass === 'unprocessable' ? 'keep' : 'cap', 'error');
  return facts.attempt === 2 ? stop(verdict) : verdict;
}

function isCooling({ sinceUnhelpfulMs }: ChallengeFacts, forMs: number): boolean {
  return sinceUnhelpfulMs !== undefined && sinceUnhelpfulMs < forMs;
}

function row(
  rule: Rule,
  klass: Verdict['class'],
  action: Action,
  cache: Verdict['cache'],
  log: Verdict['log'],
): Verdict {
  return { rule, class: klass, action, cache, startCooldown: false, log };
}

function stop(verdict: Verdict): Verdict {
  return { ...verdict, startCooldown: true };
}
