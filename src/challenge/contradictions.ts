import { decodeUnverifiedJwt } from '../token/unverified-jwt.ts';
import { apis } from './apis.ts';
import { showsAcceptance } from './classify.ts';
import { namedByApi } from './contradiction/api-words.ts';
import { type Contradiction, type ContradictionId, contradictionIds } from './contradiction/contradiction.ts';
import type { Evidence, IdpTopic } from './contradiction/evidence.ts';
import { formContradiction } from './contradiction/form.ts';
import { headerContradictions } from './contradiction/header.ts';
import { idpWords } from './contradiction/idp-words.ts';
import { keyContradictions } from './contradiction/keys.ts';
import { partyContradictions } from './contradiction/parties.ts';
import { permissionContradictions, revocation } from './contradiction/permission.ts';
import { principalContradictions } from './contradiction/principal.ts';
import { timeContradictions } from './contradiction/times.ts';
import { foreignLine } from './foreign-line.ts';
import type { ChallengeClass } from './policy.ts';

/**
 * What of a token contradicts what the API expects, the likeliest cause first: what the API's code points at, then what is
 * certain, then the order of `contradictionIds`. Empty = nothing that is known contradicts. Pure; never throws.
 */
export function contradictions(evidence: Evidence): Contradiction[] {
  const { answer } = evidence;
  const taken = answer !== undefined && showsAcceptance(answer.status);
  // an API that takes the token shows that its settings are not the defaults
  const found = unordered(evidence).filter(({ certainty }) => !taken || certainty === 'certain');
  const pointedAt = answer?.status === 403 ? about['not-auth'] : about[answer?.class ?? 'none'];
  const rank = ({ id, certainty }: Contradiction): number =>
    (pointedAt.includes(id) ? 0 : 2000) + (certainty === 'certain' ? 0 : 1000) + contradictionIds.indexOf(id);
  return found
    .sort((one, other) => rank(one) - rank(other))
    .map((one) => ({ ...one, sentence: capital(one.sentence) }));
}

function unordered(evidence: Evidence): Contradiction[] {
  const { token, profile, expect, answer, idp } = evidence;
  const api = apis[profile];
  const quote = (value: unknown): string =>
    typeof value === 'string'
      ? `'${foreignLine(value, token, longestValue)}'`
      : foreignLine(asJson(value), token, longestValue);
  const atIdp = (topic: IdpTopic): string => {
    const words = idp === undefined ? undefined : idpWords[idp]?.[topic];
    return words === undefined ? '' : ` ${words}`;
  };
  const jwt = decodeUnverifiedJwt(token);
  const scope = jwt?.payload['scope'] ?? jwt?.payload['scp'];
  const permission = permissionContradictions({ ...evidence, api, quote, atIdp, scope });
  if (jwt === undefined) {
    const certain = answer?.class === 'unusable' || comparesClaims(expect);
    if (!certain && api.asks === undefined) return permission;
    return [formContradiction({ token, apiName: api.name, certain, hint: atIdp('form') }), ...permission];
  }
  const opened = { ...evidence, jwt, api, words: api.settings, quote, atIdp };
  const compared = [
    ...headerContradictions(opened),
    ...partyContradictions(opened),
    ...keyContradictions(opened),
    ...timeContradictions(opened),
    ...principalContradictions(opened),
    ...revocation(opened),
    ...permission,
  ];
  return compared.length > 0 ? compared : namedByApi(opened);
}

/** "the API …" begins some sentences. */
function capital(sentence: string): string {
  return `${sentence.slice(0, 1).toUpperCase()}${sentence.slice(1)}`;
}

const longestValue = 120;

/** Which contradictions explain which class of answer (wire facts 2.3); the others only stand beside it. */
const about: Readonly<Record<ChallengeClass, readonly ContradictionId[]>> = {
  expired: ['expired', 'expired_on_api_clock', 'not_yet_valid', 'clock_skew'],
  rejected: contradictionIds.filter((id) => !id.startsWith('principal') && id !== 'permission_missing'),
  unusable: ['opaque_token', 'encrypted_token', 'not_a_jwt'],
  unprocessable: ['keys_unreachable', 'principal_missing', 'principal_differs', 'principal_unknown'],
  'not-auth': ['scope_missing', 'permission_missing'],
  none: contradictionIds,
};

function comparesClaims(expect: Evidence['expect']): boolean {
  if (expect === undefined) return false;
  return Object.values(expect).some((value) => value !== undefined);
}

function asJson(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
