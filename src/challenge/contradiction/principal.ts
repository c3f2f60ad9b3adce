import type { Contradiction } from './contradiction.ts';
import type { OpenedEvidence } from './evidence.ts';

/** APIs that say so in words: an unknown user, in either order of the words. */
const unknownUser =
  /\b(user|principal|account)\b.*\b(unknown|no known|not known|not found|not exist|no such)\b|\b(unknown|no known|no such)\b.*\b(user|principal|account)\b/i;

/** Compares whom the token names with whom the API knows. */
export function principalContradictions(evidence: OpenedEvidence): Contradiction[] {
  const { jwt, api, words, expect, answer, quote, atIdp } = evidence;
  const claim = expect?.principal?.claim ?? api.asks?.principalClaim;
  if (claim === undefined) return [];
  const value = jwt.payload[claim];
  const wanted = expect?.principal?.value;
  const setting = `${words.principal} in ${words.place}`;
  const said = answer?.text !== undefined && unknownUser.test(answer.text);
  if (typeof value !== 'string' || value === '') {
    const others = candidates(evidence, claim);
    const has = others === '' ? '' : `; it has ${others}`;
    return [
      {
        id: 'principal_missing',
        sentence: `The token has no ${quote(claim)}, which ${api.name} takes the name of ${words.user} from${has}.`,
        cure: `Set ${setting} to a claim that the token has, or have the identity provider write ${claim} into access tokens; its value has to be the name of ${words.user}.${atIdp('principal')}`,
        certainty: expect?.principal === undefined && !said ? 'likely' : 'certain',
      },
    ];
  }
  if (wanted !== undefined && value !== wanted) {
    return [
      {
        id: 'principal_differs',
        sentence: `The token's ${claim} is ${quote(value)}, and ${api.name} knows the user as ${quote(wanted)}.`,
        cure: `Name ${words.user} ${quote(value)}, or set ${setting} to the claim that holds ${quote(wanted)}; at the identity provider, use the client whose ${claim} is ${quote(wanted)}.${atIdp('principal')}`,
        certainty: 'certain',
      },
    ];
  }
  if (answer === undefined || !(said || answer.class === 'unprocessable')) return [];
  return [
    {
      id: 'principal_unknown',
      sentence: `The token's ${claim} is ${quote(value)}, and ${api.name} ${said ? 'says that it has no such user' : 'may have no such user'}.`,
      cure: `Make ${words.user} with the name ${quote(value)}, or set ${setting} to the claim that holds the name of an existing one.${atIdp('principal')}`,
      certainty: said ? 'certain' : 'likely',
    },
  ];
}

function candidates({ jwt, quote }: OpenedEvidence, but: string): string {
  return ['sub', 'azp', 'appid', 'client_id']
    .filter((claim) => claim !== but && typeof jwt.payload[claim] === 'string')
    .map((claim) => `${claim} ${quote(jwt.payload[claim])}`)
    .join(', ');
}
