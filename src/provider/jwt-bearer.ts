import { randomUUID } from 'node:crypto';
import { anyValue } from '../config/option/any-value.ts';
import { oneOf } from '../config/option/choice.ts';
import { object } from '../config/option/group.ts';
import { list } from '../config/option/list.ts';
import { duration } from '../config/option/quantity.ts';
import { record } from '../config/option/record.ts';
import { secret } from '../config/option/secret.ts';
import { string } from '../config/option/text.ts';
import { url } from '../config/option/url.ts';
import type { Lint, ProviderDefinition } from '../config/provider-definition.ts';
import { keyIdIn } from '../config/secret.ts';
import type { Complaint, Infer } from '../config/shape.ts';
import { signJwt } from './assertion.ts';
import { clientFields, lintClient, proveClient } from './client-options.ts';
import { endpointFields, enquiryOf, lintLifetimes, lintPlainHttp } from './endpoint-options.ts';
import { formOf, lintScope, parametersField } from './oauth-client.ts';
import { createSecretReader, type SecretReader } from './secret-reader.ts';
import {
  algorithmOfKey,
  keyAlgorithms,
  type SigningAlgorithm,
  secretAlgorithms,
  signsWithSecret,
} from './signing-key.ts';
import { lintPrivateKey, lintSharedSecret } from './signing-lint.ts';
import { cureOfTime, farAhead } from './suspicion.ts';
import { createTokenEndpoint, type TokenTarget } from './token-endpoint.ts';

const ownClaims: ReadonlyMap<string, string> = new Map([
  ['iss', 'write it as issuer'],
  ['sub', 'write it as subject'],
  ['aud', 'write it as audience'],
  ['exp', 'write it as assertionLifetime'],
  ['iat', 'remove it; it is the time of the request'],
  ['jti', 'remove it; it is new for each request'],
  ['scope', 'write it as scope'],
]);
const ownHeader: ReadonlyMap<string, string> = new Map([
  ['alg', 'write it as algorithm'],
  ['kid', 'write it as keyId'],
]);

function notOneOf(own: ReadonlyMap<string, string>): (name: string) => Complaint | undefined {
  return (name) => {
    const cure = own.get(name);
    return cure === undefined ? undefined : { problem: 'is set by bearerd', cure };
  };
}

const { clientSecret, basicEncoding } = clientFields;

const schema = object(
  {
    tokenEndpoint: url({
      doc: 'Token endpoint of the identity provider; a query in it is kept.',
      required: true,
      query: 'allowed',
      example: 'https://oauth2.googleapis.com/token',
    }),
    issuer: string({ doc: '`iss` of the assertion: who asks.', required: true, example: 'robot@example.com' }),
    subject: string({ doc: '`sub` of the assertion: in whose name.', example: 'user@example.com' }),
    audience: list(string({ doc: 'An audience.', required: true }), {
      doc: '`aud` of the assertion; by default the token endpoint.',
      example: 'https://login.salesforce.com',
    }),
    scope: list(string({ doc: 'A scope.', required: true }), {
      doc: 'Scopes to ask for.',
      spaces: true,
      example: '[a, b]',
    }),
    scopeIn: oneOf(['assertion', 'form'], {
      doc: 'Where the scopes are: a claim of the assertion, as Google and DocuSign want them, or a form parameter (RFC 7521 §4.1).',
      default: 'assertion',
    }),
    claims: record(anyValue({ doc: 'Value of the claim.' }), {
      doc: 'Further claims of the assertion.',
      example: '{ box_sub_type: enterprise }',
      checkName: notOneOf(ownClaims),
    }),
    header: record(anyValue({ doc: 'Value of the member.' }), {
      doc: 'Further members of its header; `typ` is JWT unless it is set here.',
      example: '{ typ: JWT }',
      checkName: notOneOf(ownHeader),
    }),
    secret: secret({
      doc: 'Shared secret for HS256, HS384 and HS512; read again for every token request.',
      example: '{ file: ./secret }',
    }),
    privateKey: secret({
      doc: 'Private key for all other algorithms: PEM (PKCS#8, PKCS#1, SEC1), JWK or the key file of a Google service account, without a password; read again for every token request.',
      example: '{ file: ./key.pem }',
    }),
    algorithm: oneOf([...secretAlgorithms, ...keyAlgorithms], {
      doc: 'Signature algorithm of the assertion; by default the usual one of the private key (RS256 for RSA), and HS256 for a secret.',
    }),
    keyId: string({
      doc: "`kid` of the assertion; by default the one that a JWK or Google's key file names.",
      example: 'key-2025-01',
    }),
    assertionLifetime: duration({
      doc: 'From now to the expiry of the assertion; Box allows 60 s, Salesforce 3 minutes.',
      default: '60s',
      minimum: '1s',
      maximum: '1h',
    }),
    tokenField: string({
      doc: 'The member of the answer that is the token; some calls to Google need `id_token`.',
      default: 'access_token',
    }),
    clientId: string({ doc: 'Client id, where the client is named besides the assertion (Box).', example: 'my-app' }),
    clientSecret,
    clientAuthentication: oneOf(['client_secret_post', 'client_secret_basic', 'tls_client_auth', 'none'], {
      doc: 'How a client with a clientId proves its identity besides the assertion.',
      default: 'client_secret_post',
    }),
    basicEncoding,
    parameters: parametersField,
    ...endpointFields,
  },
  { doc: 'A signed assertion (RFC 7523).' },
);

type Options = Infer<typeof schema>;

/** Tokens for a signed assertion (RFC 7523 §2.1): Google service accounts, Salesforce, Box, DocuSign and others. */
export const jwtBearer: ProviderDefinition<Options> = {
  kind: 'jwt-bearer',
  shareable: true,
  doc: 'Signs an assertion and exchanges it for a token (RFC 7523): Google service accounts, Salesforce, Box, DocuSign.',
  schema,
  enquiry: (options) => ({ ...enquiryOf(options), issuer: undefined }),
  create(options, { clock, log, wantsJwt }) {
    const secrets = createSecretReader(log);
    const { tokenEndpoint, tokenField } = options;
    const endpoint = createTokenEndpoint(
      { tokenEndpoint, tokenField, options, cure: (reason, words) => cure(reason, words, options) },
      { clock, log, wantsJwt, secrets },
    );
    return {
      requestToken: (signal) =>
        endpoint.request(async (target) => {
          const assertion = await signedAssertion(options, target, secrets);
          const client = await proveClient({ ...options, issuer: undefined }, target, secrets);
          const form = formOf([
            ['grant_type', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
            ['assertion', assertion],
            ...client.parameters,
            ['scope', options.scopeIn === 'form' ? (options.scope ?? []).join(' ') : ''],
            ...Object.entries(options.parameters),
          ]);
          const { authorization } = client;
          const suspicion = client.suspicion ?? farAhead(options.assertionLifetime, false);
          return {
            form,
            sentIn: 'body',
            authorization,
            secrets: [assertion, ...client.secrets],
            timed: true,
            suspicion,
          };
        }, signal),
      secretsChanged: secrets.changed,
      issuer: endpoint.issuer,
      close: endpoint.close,
    };
  },
  lint(options) {
    return [
      ...lintPlainHttp(options.tokenEndpoint, options.insecureHttp),
      ...lintLifetimes(options.defaultLifetime, options.maxLifetime),
      ...lintKey(options),
      ...lintClient({ ...options, privateKey: undefined, algorithm: undefined, issuer: undefined }),
      ...lintScope(options.scope ?? []),
    ];
  },
};

/** A new one for each request; undefined claims are left out. */
async function signedAssertion(options: Options, target: TokenTarget, secrets: SecretReader): Promise<string> {
  const source = options.secret ?? options.privateKey;
  const key = source === undefined ? '' : await secrets.read(source);
  const algorithm = options.algorithm ?? (options.secret === undefined ? algorithmOfKey(key) : 'HS256');
  const keyId = options.keyId ?? (options.secret === undefined ? keyIdIn(key) : undefined);
  const audience = options.audience ?? [target.endpoint];
  const iat = Math.floor(target.nowMs / 1000);
  const claims = {
    iss: options.issuer,
    sub: options.subject,
    aud: audience.length === 1 ? audience[0] : audience,
    iat,
    exp: iat + Math.floor(options.assertionLifetime / 1000),
    jti: randomUUID(),
    scope: options.scopeIn === 'assertion' ? options.scope?.join(' ') : undefined,
    ...options.claims,
  };
  return signJwt(algorithm, { typ: 'JWT', kid: keyId, ...options.header }, claims, key);
}

function cure(reason: string, words: string, options: Options): string | undefined {
  switch (reason) {
    case 'invalid_grant':
    case 'http_400':
    case 'http_401':
      return (
        cureOfTime(words, options.assertionLifetime) ??
        `Check issuer, subject, audience, key and keyId, and that this machine's clock is right: the assertion is valid for ${options.assertionLifetime / 1000} s.`
      );
    case 'invalid_client':
      return options.clientId === undefined
        ? 'Check issuer and key; the token endpoint may want clientId and clientSecret, too.'
        : 'Check clientId and clientSecret, and issuer and key of the assertion.';
    case 'consent_required':
    case 'interaction_required':
      return 'Have the subject (or an administrator) consent to this client once, at the identity provider.';
    case 'invalid_scope':
      return options.scopeIn === 'assertion'
        ? "Correct the credential's scope; the token endpoint may want scopeIn: form."
        : "Correct the credential's scope; the token endpoint may want scopeIn: assertion.";
    default:
      return undefined;
  }
}

function lintKey(options: Options): readonly Lint[] {
  const { algorithm, secret: shared, privateKey } = options;
  if (shared !== undefined && privateKey !== undefined) {
    return [error('secret', 'stands beside privateKey', 'remove the one that the assertion is not signed with')];
  }
  const needsSecret = algorithm !== undefined && signsWithSecret(algorithm);
  const needed = needsSecret ? 'secret' : 'privateKey';
  if (shared === undefined && privateKey === undefined) {
    return [error(needed, 'is missing, and the assertion has to be signed', `write ${needed}: { file: PATH }`)];
  }
  if (algorithm !== undefined && needsSecret !== (shared !== undefined)) {
    return [error('algorithm', `${algorithm} needs a ${needed}, which is missing`, alternative(algorithm))];
  }
  return shared === undefined
    ? lintPrivateKey(privateKey, algorithm)
    : lintSharedSecret(shared, algorithm ?? 'HS256', 'secret');
}

function alternative(algorithm: SigningAlgorithm): string {
  return signsWithSecret(algorithm)
    ? 'write secret: { file: PATH }, or an algorithm such as RS256'
    : 'write privateKey: { file: PATH }, or HS256';
}

function error(path: string, problem: string, cure: string): Lint {
  return { path, problem, cure, severity: 'error' };
}
