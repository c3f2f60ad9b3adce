import type { Verdict } from './policy.ts';

/** Why a request was not sent a second time although its 401 was about the token. */
export const skipReasons = [
  'body_too_large',
  'cooldown',
  'own_rule',
  'refresh_failed',
  'resent',
  'same_token',
  'second_401',
  'would_not_help',
] as const;
/** See `skipReasons`. */
export type SkipReason = (typeof skipReasons)[number];

/**
 * The reason behind a verdict that ends a request; by the rows of wire facts 5.2.
 * @param resent see ChallengeFacts
 * @returns undefined when the 401 was not about the token (M3, M12), or a rule of the user's hands it on
 */
export function skipReason({ rule, action }: Verdict, resent = false): SkipReason | undefined {
  switch (rule) {
    case 'M2a':
    case 'M2b':
      return 'second_401';
    case 'M4':
    case 'M6':
    case 'M13':
      return resent ? 'resent' : 'body_too_large';
    case 'M6b':
    case 'M14':
      return 'cooldown';
    case 'M9':
    case 'M10':
    case 'M11':
      return 'would_not_help';
    case 'M15':
    case 'M16':
      return 'refresh_failed';
    case 'M17':
      return 'same_token';
    case 'own':
      return action === 'pass' ? undefined : 'own_rule';
    default:
      return undefined;
  }
}
