import type { ApiCodes } from './api-codes.ts';
import type { ChallengeClass } from './policy.ts';

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
