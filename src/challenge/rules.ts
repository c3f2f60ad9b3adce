import type { ChallengeFacts, OwnRule } from './policy.ts';

/** The first of the user's own rules that names the code of the body or of the Bearer challenge, in any letter case. */
export function ownRuleFor(facts: ChallengeFacts, rules: readonly OwnRule[]): OwnRule | undefined {
  const code = facts.code?.toLowerCase();
  const bearerError = facts.bearerError?.toLowerCase();
  return rules.find((rule) => {
    const wanted = rule.code.toLowerCase();
    return rule.status === facts.status && (wanted === code || wanted === bearerError);
  });
}
