import type { Contradiction } from './contradiction.ts';
import type { OpenedEvidence } from './evidence.ts';

/** Compares who made the token, and for whom. */
export function partyContradictions(evidence: OpenedEvidence): Contradiction[] {
  return [...issuerContradictions(evidence), ...audienceContradictions(evidence)];
}

function issuerContradictions(evidence: OpenedEvidence): Contradiction[] {
  const { jwt, api, words, expect, quote, atIdp } = evidence;
  const { iss } = jwt.payload;
  const expected = expect?.issuer ?? evidence.issuer;
  const configured = expect?.issuer !== undefined;
  const certainty = configured ? 'certain' : 'likely';
  if (iss === undefined) {
    if (expected === undefined && api.asks?.required.includes('iss') !== true) return [];
    const wanted = expected === undefined ? 'expects one' : `expects ${quote(expected)}`;
    return [
      {
        id: 'issuer_missing',
        sentence: `The token has no iss, and ${api.name} ${wanted}.`,
        cure: `Have the identity provider write iss into access tokens; it has to be the same as ${words.issuer} in ${words.place}.${atIdp('issuer')}`,
        certainty,
      },
    ];
  }
  if (expected === undefined || iss === expected) return [];
  const slash = differBySlash(iss, expected);
  const says = configured ? `${api.name} expects ${quote(expected)}` : `the credential's issuer is ${quote(expected)}`;
  const only = slash ? ': they differ only in the slash at the end' : '';
  return [
    {
      id: slash ? 'issuer_slash' : 'issuer_differs',
      sentence: `The token's iss is ${quote(iss)}, and ${says}${only}.`,
      cure: `Set ${words.issuer} in ${words.place} to exactly ${quote(iss)}, if that identity provider is meant; otherwise get the token from ${quote(expected)} (the credential's issuer or tokenEndpoint).${atIdp('issuer')}`,
      certainty,
    },
  ];
}

function audienceContradictions({ jwt, api, words, expect, quote, atIdp }: OpenedEvidence): Contradiction[] {
  const expected = expect?.audience;
  if (expected === undefined) return [];
  const { aud } = jwt.payload;
  const wanted = expected.map(quote).join(' or ');
  if (aud === undefined || (Array.isArray(aud) && aud.length === 0)) {
    return [
      {
        id: 'audience_missing',
        sentence: `The token has no aud, and ${api.name} expects ${wanted}.`,
        cure: `Have the identity provider issue tokens for ${wanted}, or leave ${words.audience} in ${words.place} blank. In the credential, audience, resource or scope asks for it.${atIdp('audience')}`,
        certainty: 'certain',
      },
    ];
  }
  const present: unknown[] = Array.isArray(aud) ? aud : [aud];
  if (present.some((one) => expected.some((other) => one === other))) return [];
  const slash = present.some((one) => expected.some((other) => differBySlash(one, other)));
  const only = slash ? ': they differ only in the slash at the end' : '';
  const shown = present.slice(0, 3).map(quote).join(', ');
  return [
    {
      id: slash ? 'audience_slash' : 'audience_differs',
      sentence: `The token's aud is ${shown}, and ${api.name} expects ${wanted}${only}.`,
      cure: `Add ${shown} to ${words.audience} in ${words.place}, if this token is meant for this API; otherwise have the identity provider issue it for ${wanted}: the credential's audience, resource or scope asks for it.${atIdp('audience')}`,
      certainty: 'certain',
    },
  ];
}

function differBySlash(one: unknown, other: string): boolean {
  return typeof one === 'string' && one !== other && one.replace(/\/$/, '') === other.replace(/\/$/, '');
}
