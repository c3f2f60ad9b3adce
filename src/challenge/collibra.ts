import type { ApiCodes } from './api-codes.ts';

const clocks =
  "Compare the clocks of the identity provider and of this machine with real time, and see JWT Maximum Clock Skew in Collibra's JWT settings.";
const acceptance =
  "Compare the token with Collibra's JWT settings: JWT Issuer, JWT Audience, JWT Token Types, JWT Algorithms, and the keys at the JSON Web Key Set URL.";

/** Collibra's four token codes (wire facts 2.2-2.4); a 401 without one of them may be a missing view permission. */
export const collibra: ApiCodes = {
  name: 'Collibra',
  codeMembers: ['errorCode', 'error', 'code'],
  textMembers: ['userMessage', 'errorMessage'],
  codes: [
    {
      code: 'expiredToken',
      class: 'expired',
      meaning: "by Collibra's clock the token's exp has passed by more than the clock skew that Collibra allows",
      check: clocks,
    },
    {
      code: 'invalidToken',
      class: 'rejected',
      meaning: "Collibra refuses the token's signature, aud, iss, typ or alg",
      check: acceptance,
    },
    {
      code: 'malformedToken',
      class: 'unusable',
      meaning: 'Collibra cannot parse the token as a JWT',
      check:
        'Have the identity provider issue JWT access tokens for this client; an opaque (reference) token, a value from another member of the token answer and a truncated token all get this code.',
    },
    {
      code: 'unableToProcessToken',
      class: 'unprocessable',
      meaning: 'Collibra could not process the token, which need not be the fault of the token',
      check:
        "Check in Collibra's JWT settings that Collibra can reach the JSON Web Key Set URL, and that the claim named by JWT Principal ID Claim Name (default sub) holds the name of a Collibra user.",
    },
  ],
  uncodedIsPermission: true,
  asks: {
    types: ['at+jwt', 'jwt'],
    required: ['alg', 'kid', 'iss', 'iat', 'exp'],
    principalClaim: 'sub',
  },
  settings: {
    place: "Collibra's JWT settings",
    issuer: 'JWT Issuer',
    audience: 'JWT Audience',
    types: 'JWT Token Types',
    algorithms: 'JWT Algorithms',
    principal: 'JWT Principal ID Claim Name',
    skew: 'JWT Maximum Clock Skew',
    keys: 'JSON Web Key Set URL',
    user: 'a Collibra user',
  },
  check: { expired: clocks, rejected: acceptance },
};
