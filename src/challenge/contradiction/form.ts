import { sections } from '../../token/unverified-jwt.ts';
import type { Contradiction } from './contradiction.ts';

/** Who needs a JWT, and what the identity provider's own words for it are. */
export interface FormQuestion {
  readonly token: string;
  readonly apiName: string;
  /** The API's code says that it cannot parse the token, or `expect` speaks of claims. */
  readonly certain: boolean;
  readonly hint: string;
}

/** Says what the token is, if it is not a JWT where one is needed. */
export function formContradiction({ token, apiName, certain, hint }: FormQuestion): Contradiction {
  const count = sections(token);
  const certainty = certain ? 'certain' : 'likely';
  const needs = `${apiName} needs a JWT of 3 sections`;
  if (count === 1) {
    return {
      id: 'opaque_token',
      sentence: `The token is opaque (1 section), and ${needs}.`,
      cure: `Have the identity provider issue JWT access tokens for this client, not opaque (reference) tokens.${hint}`,
      certainty,
    };
  }
  if (count === 5) {
    return {
      id: 'encrypted_token',
      sentence: `The token is encrypted (5 sections, a JWE), and ${needs} that is only signed.`,
      cure: `Have the identity provider issue signed access tokens for this client, without encryption.${hint}`,
      certainty,
    };
  }
  const what = count === 3 ? '3 sections, but the first two are not JSON' : `${count} sections`;
  return {
    id: 'not_a_jwt',
    sentence: `The token has ${what}, and ${needs}.`,
    cure: `Check that the token is whole, and that it comes from the right member of the token answer; then have the identity provider issue JWT access tokens for this client.${hint}`,
    certainty,
  };
}
