import type { Contradiction } from './contradiction.ts';
import type { OpenedEvidence } from './evidence.ts';

const mostKids = 5;

/** Compares kid and signature with the keys that the issuer publishes. */
export function keyContradictions({ jwt, api, words, keys, quote, answer }: OpenedEvidence): Contradiction[] {
  if (keys === undefined) return [];
  const kid = jwt.header['kid'];
  const setting = `${words.keys} in ${words.place}`;
  switch (keys.state) {
    case 'verified':
    case 'not-applicable':
      return [];
    case 'unknown-kid': {
      const others = keys.published.slice(0, mostKids).map(quote);
      const more = keys.published.length > mostKids ? ` and ${keys.published.length - mostKids} more` : '';
      const published = others.length === 0 ? 'which has none' : `which has ${others.join(', ')}${more}`;
      if (keys.withdrawn) {
        return [
          {
            id: 'keys_rotated',
            sentence: `The key that signed the token (kid ${quote(kid)}) has been withdrawn: the issuer's keys have been rotated, and the key set at ${keys.url}, ${published}, no longer has it.`,
            cure: `Get a new token; if new tokens have the withdrawn kid too, the identity provider still signs with the old key. ${setting} has to be this key set.`,
            certainty: 'certain',
          },
        ];
      }
      return [
        {
          id: 'kid_not_published',
          sentence: `The token's kid ${quote(kid)} is not in the key set at ${keys.url}, ${published}: the keys have been rotated, or the token comes from another issuer.`,
          cure: `Set ${setting} to the jwks_uri of the issuer that made the token; at the identity provider, check that the key that signs is the one that is published.`,
          certainty: 'certain',
        },
      ];
    }
    case 'bad-signature':
      return [
        {
          id: 'signature_invalid',
          sentence: `The token's signature does not verify with the key${kid === undefined ? 's' : ` ${quote(kid)}`} at ${keys.url}.`,
          cure: `Check that the token reaches ${api.name} whole and unchanged; set ${setting} to the jwks_uri of the issuer that made the token, and at the identity provider check that the key that signs is the one that is published.`,
          certainty: 'certain',
        },
      ];
    case 'unavailable':
      // only where the API itself had trouble that this explains
      if (answer?.class !== 'unprocessable') return [];
      return [
        {
          id: 'keys_unreachable',
          sentence: `The issuer's keys cannot be had from here either (${keys.why}), and ${api.name} needs them to check the signature.`,
          cure: `Check that the identity provider serves its key set, and that ${api.name} can reach the ${setting}.`,
          certainty: 'certain',
        },
      ];
  }
}
