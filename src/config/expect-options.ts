import type { Expectation } from '../challenge/expectation.ts';
import { object } from './option/group.ts';
import { list } from './option/list.ts';
import { string } from './option/text.ts';
import { url } from './option/url.ts';
import type { Infer } from './shape.ts';

/** What the API is configured to accept; nothing is compared by default. */
export const expectOptions = object(
  {
    issuer: string({
      doc: "Exactly this `iss` (Collibra's JWT Issuer); each slash counts.",
      example: 'https://idp.example.com',
    }),
    audience: list(string({ doc: 'An audience.', required: true }), {
      doc: "At least one of these in `aud` (Collibra's JWT Audience).",
      example: '[my-api]',
    }),
    type: list(string({ doc: 'A media type.', required: true }), {
      doc: "Accepted `typ`, in any letter case and without `application/` (Collibra's JWT Token Types); `none` stands for a token without typ.",
      example: '[at+jwt, jwt]',
    }),
    algorithms: list(string({ doc: 'An algorithm.', required: true }), {
      doc: "Accepted `alg` (Collibra's JWT Algorithms).",
      example: '[RS256]',
    }),
    principal: object(
      {
        claim: string({
          doc: "The claim that names the API's user (Collibra's JWT Principal ID Claim Name); sub where only `value` is written.",
          example: 'sub',
        }),
        value: string({ doc: "The user's name in the API.", example: 'svc-reports' }),
      },
      { doc: "Who the token has to be in the API's eyes." },
    ),
    jwks: url({
      doc: "URL of the key set that the API checks signatures with (Collibra's JSON Web Key Set URL); the one of the issuer's metadata when not set. Used for explanations only.",
      query: 'allowed',
      example: 'https://idp.example.com/jwks.json',
    }),
  },
  { doc: 'What the API is configured to accept: tokens are compared with it at acquisition and when one is refused.' },
);

/** The written expectation; undefined = nothing is written. */
export function expectationOf(options: Infer<typeof expectOptions> | undefined): Expectation | undefined {
  if (options === undefined) return undefined;
  const { principal, ...rest } = options;
  const { claim, value } = principal;
  const named = claim === undefined && value === undefined ? undefined : { claim: claim ?? 'sub', value };
  const expectation = { ...rest, principal: named };
  return Object.values(expectation).every((one) => one === undefined) ? undefined : expectation;
}
