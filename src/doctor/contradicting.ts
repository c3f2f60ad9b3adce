import type { Contradiction, ContradictionId } from '../challenge/contradiction/contradiction.ts';
import type { Finding, Side } from './finding.ts';

/** Where the cure of most tokens that are refused is: what the identity provider puts into them. */
const usualSide: Side = 'IdP';

const sides: Readonly<Partial<Record<ContradictionId, Side>>> = {
  issuer_slash: 'API',
  issuer_differs: 'API',
  keys_unreachable: 'API',
  expired_on_api_clock: 'API',
  clock_skew: 'API',
  principal_unknown: 'API',
  principal_differs: 'API',
  permission_missing: 'API',
  scope_missing: 'yours',
  audience_differs: 'yours',
  audience_slash: 'yours',
  audience_missing: 'yours',
};

/** A contradiction as a finding; against an API that takes the token it is worth a look only. */
export function findingOf({ id, sentence, cure, certainty }: Contradiction, taken: boolean): Finding {
  const isAnswer = id === 'permission_missing' || id === 'scope_missing';
  return { id, side: sides[id] ?? usualSide, likelihood: taken && !isAnswer ? 'possible' : certainty, sentence, cure };
}
