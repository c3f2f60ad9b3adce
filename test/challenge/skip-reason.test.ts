import t from 'tap';
import type { Action, Rule } from '../../src/challenge/policy.ts';
import { type SkipReason, skipReason, skipReasons } from '../../src/challenge/skip-reason.ts';

// Rows of wire facts 5.2.

t.test('the reason why a request was not sent a second time', async (t) => {
  const cases: readonly [Rule, Action, SkipReason | undefined][] = [
    ['M0', 'pass', undefined],
    ['M2a', 'pass', 'second_401'],
    ['M2b', 'explain', 'second_401'],
    ['M3', 'pass', undefined],
    ['M4', 'explain-retriable', 'body_too_large'],
    ['M6', 'explain-retriable', 'body_too_large'],
    ['M6b', 'explain', 'cooldown'],
    ['M9', 'explain', 'would_not_help'],
    ['M10', 'explain', 'would_not_help'],
    ['M11', 'explain', 'would_not_help'],
    ['M12', 'pass', undefined],
    ['M13', 'pass', 'body_too_large'],
    ['M14', 'pass', 'cooldown'],
    ['M15', 'explain-retriable', 'refresh_failed'],
    ['M16', 'explain', 'refresh_failed'],
    ['M17', 'explain', 'same_token'],
    ['own', 'explain', 'own_rule'],
    ['own', 'pass', undefined],
  ];
  for (const [rule, action, reason] of cases) {
    const verdict = { rule, action, class: 'rejected', cache: 'keep', startCooldown: false, log: 'info' } as const;
    t.equal(skipReason(verdict), reason, `${rule} ${action}`);
    const resent = reason === 'body_too_large' ? 'resent' : reason;
    t.equal(skipReason(verdict, true), resent, `${rule} ${action}, sent twice already`);
  }
  const reasons = cases.map(([, , reason]) => reason).filter((reason) => reason !== undefined);
  t.same(new Set([...reasons, 'resent']), new Set(skipReasons));
});
