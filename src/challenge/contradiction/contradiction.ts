/**
 * Every way in which a token can contradict what an API expects, in the order in which they are told where nothing
 * else decides: what it is, who made it for whom, how it is signed, when it is valid, whom it names, what it may do.
 */
export const contradictionIds = [
  'opaque_token',
  'encrypted_token',
  'not_a_jwt',
  'type_not_accepted',
  'type_missing',
  'issuer_slash',
  'issuer_differs',
  'issuer_missing',
  'audience_slash',
  'audience_differs',
  'audience_missing',
  'algorithm_not_accepted',
  'keys_rotated',
  'kid_not_published',
  'kid_missing',
  'signature_invalid',
  'expired',
  'expired_on_api_clock',
  'not_yet_valid',
  'claim_missing',
  'revoked',
  'clock_skew',
  'principal_missing',
  'principal_differs',
  'principal_unknown',
  'keys_unreachable',
  'scope_missing',
  'permission_missing',
] as const;

/** See `contradictionIds`. Stable: documented in docs/explained-failures.md. */
export type ContradictionId = (typeof contradictionIds)[number];

/** One fact about a token beside what the API expects, and what to change. Safe to print: never the token, one line. */
export interface Contradiction {
  readonly id: ContradictionId;
  /** One whole sentence, without secrets: what the token has and what the API expects. */
  readonly sentence: string;
  /** Whole sentences: the setting of the API's console, then the one at the identity provider. */
  readonly cure: string;
  /**
   * certain: against what `expect` says, the published keys, a clock, or the API's own words; likely: against a documented
   * default or the discovered issuer, or inferred from the API's code.
   */
  readonly certainty: 'certain' | 'likely';
}
