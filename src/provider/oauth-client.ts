import { list } from '../config/option/list.ts';
import { record } from '../config/option/record.ts';
import { string } from '../config/option/text.ts';
import { url } from '../config/option/url.ts';
import type { Lint, ProviderContext } from '../config/provider-definition.ts';
import type { Complaint, Infer } from '../config/shape.ts';
import type { AccessToken } from '../token/access-token.ts';
import type { TokenProvider } from '../token/provider.ts';
import { clientFields, cureOfInvalidClient, lintClient, proveClient } from './client-options.ts';
import { endpointFields, lintLifetimes, lintPlainHttp } from './endpoint-options.ts';
import { createSecretReader, type SecretReader } from './secret-reader.ts';
import { createTokenEndpoint, type Examine } from './token-endpoint.ts';

/** Form parameters that have an option of their own, or that bearerd sets. */
const reserved: ReadonlyMap<string, string> = new Map([
  ['grant_type', 'remove it; the provider sets it'],
  ['client_id', 'write it as clientId'],
  ['client_secret', 'write it as clientSecret'],
  ['scope', 'write it as scope'],
  ['audience', 'write it as audience'],
  ['resource', 'write it as resource'],
  ['client_assertion', 'remove it, and write clientAuthentication: private_key_jwt'],
  ['client_assertion_type', 'remove it, and write clientAuthentication: private_key_jwt'],
  ['assertion', 'remove it; the provider sets it'],
]);

/** Further form parameters, of which none is sent twice. */
export const parametersField = record(string({ doc: 'Value of the parameter.', required: true }), {
  doc: 'Further form parameters.',
  example: '{ tenant: acme }',
  checkName(name): Complaint | undefined {
    const cure = reserved.get(name);
    return cure === undefined ? undefined : { problem: 'would be sent twice', cure };
  },
});

/** The options of a grant that an OAuth client asks for at the token endpoint of an issuer. */
export const oauthFields = {
  issuer: url({
    doc: 'The issuer, exactly as it calls itself; its metadata (RFC 8414, OpenID Connect Discovery) says where the token endpoint is.',
    example: 'https://idp.example.com',
  }),
  tokenEndpoint: url({
    doc: 'Token endpoint of the identity provider; a query in it is kept. Wins over the one that the issuer publishes.',
    query: 'allowed',
    example: 'https://idp.example.com/oauth2/token',
  }),
  ...clientFields,
  scope: list(string({ doc: 'A scope.', required: true }), {
    doc: 'Scopes to ask for; no scope parameter is sent when not set.',
    spaces: true,
    example: '[a, b]',
  }),
  audience: string({ doc: 'Parameter `audience` (Auth0 and others).', example: 'https://api.example.com' }),
  resource: list(string({ doc: 'A resource indicator.', required: true }), {
    doc: 'Resource indicators (RFC 8707); the parameter is repeated for each.',
    example: '[https://api.example.com]',
  }),
  parameters: parametersField,
  ...endpointFields,
};

/** The values of these options. */
export type OAuthOptions = { readonly [K in keyof typeof oauthFields]: Infer<(typeof oauthFields)[K]> };

/** Name and value of a form parameter. */
export type Parameter = readonly [string, string];

/** What a grant adds to the token requests of a client. */
export interface Grant {
  /** `grant_type`. */
  readonly type: string;
  /** Its own parameters. */
  readonly parameters?: (secrets: SecretReader) => readonly Parameter[] | Promise<readonly Parameter[]>;
  /** Looks at each 2xx answer before its token is handed over; must not reject. */
  readonly examine?: (...args: [...Parameters<Examine>, secrets: SecretReader]) => ReturnType<Examine>;
  /** The next step for an error code that the grant knows better; undefined = the client's. */
  readonly cure?: (reason: string) => string | undefined;
}

/** A provider that can also ask with parameters for one request alone. */
export interface OAuthClient extends TokenProvider {
  /** @param more parameters whose values are secrets, which an answer may echo */
  readonly requestWith: (more: readonly Parameter[], signal: AbortSignal) => Promise<AccessToken>;
}

/**
 * Makes a provider that posts grant_type, what else belongs to the grant, the client's proof and the common parameters,
 * in this order.
 */
export function createOAuthClient(
  options: OAuthOptions,
  { clock, log, wantsJwt }: ProviderContext,
  grant: Grant,
): OAuthClient {
  const secrets = createSecretReader(log);
  const { tokenEndpoint, issuer } = options;
  const endpoint = createTokenEndpoint(
    {
      tokenEndpoint,
      issuer,
      options,
      examine: (body, address) => grant.examine?.(body, address, secrets),
      cure: (reason, words) => grant.cure?.(reason) ?? cure(reason, words, grant.type, options),
    },
    { clock, log, wantsJwt, secrets },
  );
  const requestWith = (more: readonly Parameter[], signal: AbortSignal): Promise<AccessToken> =>
    endpoint.request(async (target) => {
      const { parameters, secrets: made, ...proof } = await proveClient(options, target, secrets);
      const form = formOf([
        ['grant_type', grant.type],
        ...((await grant.parameters?.(secrets)) ?? []),
        ...more,
        ...parameters,
        ...commonParameters(options),
      ]);
      return { ...proof, form, sentIn: 'body', secrets: [...made, ...more.map(([, value]) => value)] };
    }, signal);
  return {
    requestToken: (signal) => requestWith([], signal),
    requestWith,
    secretsChanged: secrets.changed,
    issuer: endpoint.issuer,
    close: endpoint.close,
  };
}

function commonParameters(options: OAuthOptions): readonly Parameter[] {
  return [
    ['scope', (options.scope ?? []).join(' ')],
    ['audience', options.audience ?? ''],
    ...(options.resource ?? []).map((resource) => ['resource', resource] as const),
    ...Object.entries(options.parameters),
  ];
}

/** A form body; a parameter without a value is as if it were not there (RFC 6749 §3.2), so it is not sent. */
export function formOf(parameters: readonly Parameter[]): string {
  const encoded = new URLSearchParams();
  for (const [name, value] of parameters) if (value !== '') encoded.append(name, value);
  return encoded.toString();
}

/** Checks of these options that need more than one of them. */
export function lintOAuthClient(options: OAuthOptions): readonly Lint[] {
  const { tokenEndpoint, issuer, insecureHttp } = options;
  return [
    ...lintPlace(tokenEndpoint, issuer),
    ...(tokenEndpoint === undefined ? [] : lintPlainHttp(tokenEndpoint, insecureHttp)),
    ...(issuer === undefined ? [] : lintPlainHttp(issuer, insecureHttp, 'issuer')),
    ...lintLifetimes(options.defaultLifetime, options.maxLifetime),
    ...lintClient(options),
    ...lintScope(options.scope ?? []),
  ];
}

function lintPlace(tokenEndpoint: string | undefined, issuer: string | undefined): readonly Lint[] {
  if (tokenEndpoint !== undefined || issuer !== undefined) return [];
  const cure = 'write tokenEndpoint: https://idp.example.com/oauth2/token, or issuer: https://idp.example.com';
  return [{ path: 'tokenEndpoint', problem: 'is missing, and so is issuer', cure, severity: 'error' }];
}

/** Warns of scopes that were written with commas between them. */
export function lintScope(scopes: readonly string[]): readonly Lint[] {
  const joined = scopes.find((scope) => scope.includes(','));
  if (joined === undefined) return [];
  const cure = `write ${joined.split(/\s*,\s*/).join(' ')} with spaces, or a list`;
  return [
    { path: 'scope', problem: `'${joined}' has a comma, and scopes are apart by spaces`, cure, severity: 'warning' },
  ];
}

function cure(reason: string, words: string, grantType: string, options: OAuthOptions): string | undefined {
  const allow = `Allow the ${grantType} grant for this client at the identity provider.`;
  switch (reason) {
    case 'invalid_client':
    case 'http_401':
      return cureOfInvalidClient(options);
    case 'invalid_request':
      // oidc-provider has this code for it
      if (/grant type/i.test(words)) return allow;
      return options.basicEncoding === 'raw' && options.clientAuthentication === 'client_secret_basic'
        ? 'The token endpoint may decode the credentials: write basicEncoding: form.'
        : undefined;
    case 'unauthorized_client':
    case 'unsupported_grant_type':
      return allow;
    case 'invalid_scope':
      return options.scope === undefined
        ? "Set the credential's scope: this token endpoint wants one."
        : "Correct or remove the credential's scope: this client may not ask for it, or the token endpoint takes none.";
    case 'invalid_target':
      return "Correct the credential's resource or audience.";
    default:
      return undefined;
  }
}
