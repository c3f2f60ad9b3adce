import { oneOf } from '../config/option/choice.ts';
import { object } from '../config/option/group.ts';
import { string } from '../config/option/text.ts';
import type { Lint, ProviderDefinition } from '../config/provider-definition.ts';
import type { Complaint, Infer } from '../config/shape.ts';
import { TokenRequestError } from '../token/provider.ts';
import { enquiryOf } from './endpoint-options.ts';
import { createOAuthClient, lintOAuthClient, oauthFields, type Parameter } from './oauth-client.ts';
import { lintFile, secretFile } from './secret-file.ts';

const grantType = 'urn:ietf:params:oauth:grant-type:token-exchange';
const tokenTypes = 'urn:ietf:params:oauth:token-type:';
/** Short names of the identifiers of RFC 8693 §3. */
const shortTypes = ['access_token', 'refresh_token', 'id_token', 'saml1', 'saml2', 'jwt'];
/** Types of an issued token that a Bearer field can carry. */
const usableTypes = ['access_token', 'jwt'].map((name) => `${tokenTypes}${name}`);

const schema = object(
  {
    subjectToken: object(
      {
        file: secretFile({
          doc: 'A file with the subject token, read again for every token request (a projected service-account token, say).',
          example: '/var/run/secrets/tokens/idp',
        }),
        header: string({
          doc: 'The request header with the subject token of the caller, which goes no further; each subject gets a token of its own. From Authorization the word Bearer is taken off.',
          example: 'X-Subject-Token',
          check: headerName,
        }),
      },
      { doc: 'For whom the token is: one of the two.' },
    ),
    subjectTokenType: string({
      doc: 'What the subject token is (RFC 8693 §3): `jwt`, `access_token`, `id_token`, `saml2` and the like, or a whole identifier.',
      default: 'access_token',
      example: 'jwt',
      check: tokenType,
    }),
    requestedTokenType: oneOf(['access_token', 'jwt'], {
      doc: 'What to ask for (RFC 8693 §2.1); nothing is asked for when it is not set.',
    }),
    ...oauthFields,
  },
  { doc: 'OAuth 2.0 token exchange (RFC 8693).' },
);

type Options = Infer<typeof schema>;

/** Tokens in exchange for a token of the subject (RFC 8693). */
export const tokenExchange: ProviderDefinition<Options> = {
  kind: 'token-exchange',
  shareable: true,
  doc: 'Exchanges a subject token, from a file or from a header of each request, for an access token (RFC 8693).',
  schema,
  oneOf: ['tokenEndpoint', 'issuer'],
  enquiry: enquiryOf,
  create(options, context) {
    const { subjectToken, requestedTokenType } = options;
    const { file, header } = subjectToken;
    const types: readonly Parameter[] = [
      ['subject_token_type', identifier(options.subjectTokenType)],
      ['requested_token_type', requestedTokenType === undefined ? '' : identifier(requestedTokenType)],
    ];
    const client = createOAuthClient(options, context, {
      type: grantType,
      parameters: async (secrets) =>
        file === undefined ? types : [['subject_token', await secrets.read(file)], ...types],
      examine: unusableType,
      cure: (reason) => cure(reason, options),
    });
    if (header === undefined) return client;
    return {
      ...client,
      requestToken: () => Promise.reject(noSubject(header)),
      subjects: {
        header: header.toLowerCase(),
        requestToken: (subject, signal) => client.requestWith([['subject_token', subject]], signal),
      },
    };
  },
  lint: (options) => [...lintSubject(options), ...lintOAuthClient(options)],
};

function identifier(type: string): string {
  return shortTypes.includes(type) ? `${tokenTypes}${type}` : type;
}

function tokenType(type: string): Complaint | undefined {
  if (shortTypes.includes(type) || /^[A-Za-z][A-Za-z0-9+.-]*:\S+$/.test(type)) return undefined;
  return { problem: `'${type}' is not a token type`, cure: `write one of ${shortTypes.join(', ')}, or a whole URI` };
}

function headerName(name: string): Complaint | undefined {
  if (!/^[!#$%&'*+.^_`|~\dA-Za-z-]+$/.test(name)) {
    return { problem: 'is not a header name', cure: 'use letters, digits and hyphens' };
  }
  const framing =
    /^(host|connection|content-length|transfer-encoding|te|trailer|upgrade|expect|via|cookie|keep-alive|proxy-.*)$/i;
  if (!framing.test(name)) return undefined;
  return {
    problem: 'is a header field with a meaning of its own',
    cure: 'write another one, for example X-Subject-Token',
  };
}

/** RFC 8693 §2.2.1: N_A is a token that is not for a Bearer field, and issued_token_type may say so too. */
function unusableType(body: Readonly<Record<string, unknown>>, endpoint: string): TokenRequestError | undefined {
  const issued = body['issued_token_type'];
  const notBearer = typeof body['token_type'] === 'string' && body['token_type'].toLowerCase() === 'n_a';
  const known = typeof issued === 'string' && issued.startsWith(tokenTypes);
  if (!notBearer && (!known || usableTypes.includes(issued))) return undefined;
  const what = known ? `a token of the type ${issued.slice(tokenTypes.length, 100)}` : 'a token of another type';
  return new TokenRequestError(`POST ${endpoint} issued ${what}, which cannot be sent as a Bearer token.`, {
    kind: 'permanent',
    reason: 'unsupported_token_type',
    action: "Set the credential's requestedTokenType: access_token, or correct its audience or resource.",
  });
}

function cure(reason: string, { subjectToken: { file, header } }: Options): string | undefined {
  const where =
    header === undefined ? `in ${file?.description ?? 'the file'}` : `in the header ${header} of the request`;
  switch (reason) {
    case 'invalid_grant':
    case 'invalid_request':
    case 'invalid_token':
      return `Check the subject token ${where}: it may have ended, or the token endpoint may want another subjectTokenType.`;
    case 'unauthorized_client':
    case 'unsupported_grant_type':
      return 'Allow token exchange for this client at the identity provider.';
    default:
      return undefined;
  }
}

function noSubject(header: string): TokenRequestError {
  return new TokenRequestError(
    `Without a request there is no subject: this credential gets tokens for the header ${header}.`,
    {
      kind: 'permanent',
      reason: 'no_subject',
      action: 'Ask for a token with the subject token of a caller.',
    },
  );
}

function lintSubject({ subjectToken: { file, header } }: Options): readonly Lint[] {
  if (file !== undefined && header !== undefined) {
    const cure = 'keep the one that has the subject token';
    return [{ path: 'subjectToken', problem: 'has a file and a header', cure, severity: 'error' }];
  }
  if (file !== undefined) return lintFile('subjectToken.file', file);
  if (header !== undefined) return [];
  const cure = 'write subjectToken: { file: PATH } or subjectToken: { header: X-Subject-Token }';
  return [{ path: 'subjectToken', problem: 'is missing', cure, severity: 'error' }];
}
