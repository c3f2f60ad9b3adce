import type { Contradiction, ContradictionId } from './contradiction.ts';
import type { OpenedEvidence } from './evidence.ts';

/** A part of a token that an API's sentence may name. */
interface Part {
  readonly id: ContradictionId;
  /** Words for it and nothing else. */
  readonly named: RegExp;
  /** What the token has there, and where to compare it. */
  readonly say: (evidence: OpenedEvidence) => { readonly has: string; readonly cure: string };
}

const parts: readonly Part[] = [
  {
    id: 'issuer_differs',
    named: /\b(iss|issuer)\b/i,
    say: ({ jwt, quote, words, atIdp }) => ({
      has: part('iss', jwt.payload['iss'], quote),
      cure: `Compare it with ${words.issuer} in ${words.place}, character by character (a slash at the end counts); expect.issuer in the credential has bearerd compare them.${atIdp('issuer')}`,
    }),
  },
  {
    id: 'audience_differs',
    named: /\b(aud|audience)\b/i,
    say: ({ jwt, quote, words, atIdp }) => ({
      has: part('aud', jwt.payload['aud'], quote),
      cure: `Compare it with ${words.audience} in ${words.place}; the credential's audience, resource or scope asks for another. expect.audience has bearerd compare them.${atIdp('audience')}`,
    }),
  },
  {
    id: 'type_not_accepted',
    named: /\b(typ|token type|media type)\b/i,
    say: ({ jwt, quote, words, atIdp }) => ({
      has: part('typ', jwt.header['typ'], quote),
      cure: `Compare it with ${words.types} in ${words.place}.${atIdp('type')}`,
    }),
  },
  {
    id: 'algorithm_not_accepted',
    named: /\b(alg|algorithm)\b/i,
    say: ({ jwt, quote, words, atIdp }) => ({
      has: part('alg', jwt.header['alg'], quote),
      cure: `Compare it with ${words.algorithms} in ${words.place}, or have the identity provider sign with an accepted one.${atIdp('algorithm')}`,
    }),
  },
  {
    id: 'kid_not_published',
    named: /\b(kid|key id|key set|jwks?|(no|unknown) [a-z ]*key)\b/i,
    say: ({ jwt, quote, words }) => ({
      has: part('kid', jwt.header['kid'], quote),
      cure: `Set ${words.keys} in ${words.place} to the jwks_uri of the issuer that made the token, and check that this key is among those that are published there.`,
    }),
  },
  {
    id: 'signature_invalid',
    named: /\bsignature\b/i,
    say: ({ jwt, quote, words }) => ({
      has: `its signature was made with the key ${quote(jwt.header['kid'])} of ${quote(jwt.payload['iss'])}`,
      cure: `Set ${words.keys} in ${words.place} to the jwks_uri of that issuer.`,
    }),
  },
];

function part(name: string, value: unknown, quote: OpenedEvidence['quote']): string {
  return value === undefined ? `it has no ${name}` : `its ${name} is ${quote(value)}`;
}

/** The API's own words, where they name one part of the token and no other: what is left when nothing known contradicts. */
export function namedByApi(evidence: OpenedEvidence): Contradiction[] {
  const { answer, api } = evidence;
  const text = answer?.class === 'rejected' ? (answer.text ?? '') : '';
  const [one, ...more] = parts.filter(({ named }) => named.test(text));
  if (one === undefined || more.length > 0) return [];
  const { has, cure } = one.say(evidence);
  const sentence = `${api.name} names this part of the token as the reason: ${has}.`;
  return [{ id: one.id, sentence, cure, certainty: 'likely' }];
}
