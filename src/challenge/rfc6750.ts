import type { ApiCodes, ConsoleWords } from './api-codes.ts';
import type { ChallengeClass } from './policy.ts';

/** For APIs whose settings have no names that are known. */
export const unnamedSettings: ConsoleWords = {
  place: "the API's settings",
  issuer: 'the accepted issuer',
  audience: 'the accepted audience',
  types: 'the accepted token types',
  algorithms: 'the accepted algorithms',
  principal: 'the claim that names the user',
  skew: 'the allowed clock skew',
  keys: 'the URL of the key set',
  user: 'a user of the API',
};

/**
 * An API without a preset: only the Bearer challenge decides (RFC 6750 §3.1), which has no body. A body's code is read
 * all the same, because the user's own rules may name it.
 */
export const rfc6750: ApiCodes = {
  name: 'the API',
  codeMembers: ['errorCode', 'error', 'code'],
  textMembers: ['error_description', 'message'],
  codes: [],
  uncodedIsPermission: false,
  settings: unnamedSettings,
  check: {
    expired: 'Compare the clocks of the identity provider, the API and this machine with real time.',
    rejected:
      "Compare the token's issuer, audience, typ, algorithm and signing key with what the API is configured to accept.",
  },
};

/** What `error` of a Bearer challenge says about the token (RFC 6750 §3.1); the same for every API. */
export function classOfBearerError(error: string | undefined): ChallengeClass {
  switch (error?.toLowerCase()) {
    case 'invalid_token':
      return 'rejected';
    case 'insufficient_scope':
    case 'invalid_request':
      return 'not-auth';
    default:
      return 'none';
  }
}
