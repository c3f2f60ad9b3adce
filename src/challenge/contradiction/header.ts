import type { Contradiction } from './contradiction.ts';
import type { OpenedEvidence } from './evidence.ts';

/** What `expect.type` calls a token without typ. */
const noType = 'none';

/** Compares the header: typ ("wrong media type"), alg, kid. */
export function headerContradictions(evidence: OpenedEvidence): Contradiction[] {
  return [...typeContradictions(evidence), ...algorithmContradictions(evidence), ...kidContradictions(evidence)];
}

function typeContradictions({ jwt, api, words, expect, quote, atIdp }: OpenedEvidence): Contradiction[] {
  const accepted = expect?.type ?? api.asks?.types;
  if (accepted === undefined) return [];
  const { typ } = jwt.header;
  const plain = accepted.map(mediaType);
  const known = expect?.type === undefined;
  const certainty = known ? 'likely' : 'certain';
  const list = accepted.join(', ');
  const expected = known ? `${api.name} accepts by default ${list}` : `${api.name} accepts ${list}`;
  if (typ === undefined) {
    if (plain.includes(noType)) return [];
    return [
      {
        id: 'type_missing',
        sentence: `The token's header has no typ, and ${expected}.`,
        cure: `Leave ${words.types} in ${words.place} blank, or have the identity provider write typ into the header (at+jwt, RFC 9068).${atIdp('type')}`,
        certainty,
      },
    ];
  }
  if (typeof typ === 'string' && plain.includes(mediaType(typ))) return [];
  return [
    {
      id: 'type_not_accepted',
      sentence: `The token has the wrong media type: its typ is ${quote(typ)}, and ${expected}.`,
      cure: `Add ${quote(typ)} to ${words.types} in ${words.place}, or have the identity provider issue tokens with the typ ${accepted[0] ?? 'at+jwt'}.${atIdp('type')}`,
      certainty,
    },
  ];
}

/** As Collibra compares them: without `application/`, in any letter case (wire facts 2.3). */
function mediaType(typ: string): string {
  return typ
    .trim()
    .toLowerCase()
    .replace(/^application\//, '');
}

function algorithmContradictions({ jwt, api, words, expect, quote, atIdp }: OpenedEvidence): Contradiction[] {
  const { alg } = jwt.header;
  const accepted = expect?.algorithms;
  const unsigned = typeof alg === 'string' && alg.toLowerCase() === 'none';
  if (!unsigned && (accepted === undefined || accepted.some((one) => one === alg))) return [];
  const expected = accepted === undefined ? 'accepts only signed tokens' : `accepts ${accepted.join(', ')}`;
  return [
    {
      id: 'algorithm_not_accepted',
      sentence: `The token is signed with ${unsigned ? 'nothing (alg none)' : `the algorithm ${quote(alg)}`}, and ${api.name} ${expected}.`,
      cure: `Have the identity provider sign access tokens for this API with ${accepted?.[0] ?? 'RS256'}, or change ${words.algorithms} in ${words.place}.${atIdp('algorithm')}`,
      certainty: 'certain',
    },
  ];
}

function kidContradictions({ jwt, api, words }: OpenedEvidence): Contradiction[] {
  if (jwt.header['kid'] !== undefined || api.asks?.required.includes('kid') !== true) return [];
  return [
    {
      id: 'kid_missing',
      sentence: `The token's header has no kid, and ${api.name} needs one to find the key.`,
      cure: `Have the identity provider write kid into the header; it has to be that of a key at the ${words.keys} in ${words.place}.`,
      certainty: 'likely',
    },
  ];
}
