import { oneOf } from '../config/option/choice.ts';
import { secret } from '../config/option/secret.ts';
import { string } from '../config/option/text.ts';
import type { Lint } from '../config/provider-definition.ts';
import { keyIdIn } from '../config/secret.ts';
import type { Infer } from '../config/shape.ts';
import {
  type ClientProof,
  clientIdOnly,
  clientSecretBasic,
  clientSecretPost,
  noClient,
  signedClientAssertion,
} from './client-authentication.ts';
import type { EndpointOptions } from './endpoint-options.ts';
import type { SecretReader } from './secret-reader.ts';
import { algorithmOfKey, keyAlgorithms, secretAlgorithms, signsWithSecret } from './signing-key.ts';
import { lintPrivateKey, lintSharedSecret } from './signing-lint.ts';
import type { TokenTarget } from './token-endpoint.ts';

/** The options of a client that proves its identity to a token endpoint (RFC 6749 §2.3, RFC 7523 §2.2, RFC 8705 §2). */
export const clientFields = {
  clientId: string({ doc: 'Client id at the identity provider.', required: true, example: 'my-app' }),
  clientSecret: secret({
    doc: 'Client secret; read again for every token request.',
    example: '{ file: ./secret }',
  }),
  clientAuthentication: oneOf(
    ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'tls_client_auth', 'none'],
    {
      doc: 'How the client proves its identity: secret in the header or the form (RFC 6749 §2.3.1), an assertion signed with secret or key (RFC 7523 §2.2), a client certificate in tls.cert (RFC 8705 §2).',
      default: 'client_secret_basic',
    },
  ),
  basicEncoding: oneOf(['form', 'raw'], {
    doc: 'How client_secret_basic writes id and secret: form-urlencoded (RFC 6749 §2.3.1), or raw for endpoints that do not decode.',
    default: 'form',
  }),
  privateKey: secret({
    doc: 'Private key for private_key_jwt: PEM (PKCS#8, PKCS#1, SEC1) or JWK, without a password; read again for every token request.',
    example: '{ file: ./key.pem }',
  }),
  algorithm: oneOf([...secretAlgorithms, ...keyAlgorithms], {
    doc: 'Signature algorithm of the client assertion; by default the usual one of the private key (RS256 for RSA), and HS256 for client_secret_jwt.',
  }),
  keyId: string({
    doc: "`kid` of the client assertion; by default the JWK's own.",
    example: 'key-2025-01',
  }),
  clientAssertionAudience: string({
    doc: '`aud` of the client assertion: `tokenEndpoint`, `issuer`, or any other text as it is.',
    default: 'tokenEndpoint',
    example: 'issuer',
  }),
};

/** The values of these options; a provider may have fewer of them. */
export type ClientOptions = {
  readonly [K in keyof typeof clientFields]?: Infer<(typeof clientFields)[K]> | undefined;
} & Pick<EndpointOptions, 'tls'> & { readonly issuer?: string | undefined };

/**
 * The proof for one token request; nothing where no clientId is configured.
 * @throws TokenRequestError when a secret cannot be read or a key does not fit.
 */
export async function proveClient(
  options: ClientOptions,
  target: TokenTarget,
  secrets: SecretReader,
): Promise<ClientProof> {
  const { clientId, clientSecret, basicEncoding = 'form', privateKey } = options;
  if (clientId === undefined) return noClient;
  const secretText = async (): Promise<string> => (clientSecret === undefined ? '' : secrets.read(clientSecret));
  switch (options.clientAuthentication ?? 'none') {
    case 'client_secret_basic':
      return clientSecretBasic(clientId, await secretText(), basicEncoding);
    case 'client_secret_post':
      return clientSecretPost(clientId, await secretText());
    case 'client_secret_jwt': {
      const assertion = { clientId, audience: audience(options, target), nowMs: target.nowMs, keyId: options.keyId };
      return signedClientAssertion({ ...assertion, algorithm: options.algorithm ?? 'HS256' }, await secretText());
    }
    case 'private_key_jwt': {
      const key = privateKey === undefined ? '' : await secrets.read(privateKey);
      const algorithm = options.algorithm ?? algorithmOfKey(key);
      const keyId = options.keyId ?? keyIdIn(key);
      const assertion = { clientId, audience: audience(options, target), nowMs: target.nowMs, keyId };
      return signedClientAssertion({ ...assertion, algorithm }, key);
    }
    case 'tls_client_auth':
    case 'none':
      return clientIdOnly(clientId);
  }
}

/** RFC 7523 §3 item 3 lets endpoints want either; most want the token endpoint, some the issuer. */
function audience({ clientAssertionAudience = 'tokenEndpoint' }: ClientOptions, target: TokenTarget): string {
  if (clientAssertionAudience === 'tokenEndpoint') return target.endpoint;
  if (clientAssertionAudience === 'issuer') return target.issuer ?? target.endpoint;
  return clientAssertionAudience;
}

/**
 * Other ways to send the same id and secret, the likeliest first, that are harmless to try out once: the same endpoint is
 * sent what it has been sent already, written in another of the ways of RFC 6749 §2.3.1.
 */
export function otherProofs(options: ClientOptions): readonly OtherProof[] {
  const raw: OtherProof = { write: 'basicEncoding: raw', change: { basicEncoding: 'raw' } };
  const form: OtherProof = { write: 'basicEncoding: form', change: { basicEncoding: 'form' } };
  const post: OtherProof = {
    write: 'clientAuthentication: client_secret_post',
    change: { clientAuthentication: 'client_secret_post' },
  };
  const basic: OtherProof = {
    write: 'clientAuthentication: client_secret_basic',
    change: { clientAuthentication: 'client_secret_basic' },
  };
  switch (options.clientAuthentication) {
    case 'client_secret_basic':
      return [options.basicEncoding === 'raw' ? form : raw, post];
    case 'client_secret_post':
      return [basic];
    default:
      return [];
  }
}

/** See otherProofs. */
export interface OtherProof {
  /** What to write in the credential. */
  readonly write: string;
  readonly change:
    | { readonly basicEncoding: 'form' | 'raw' }
    | { readonly clientAuthentication: 'client_secret_basic' | 'client_secret_post' };
}

/** What to do about invalid_client, by the way the client authenticates. */
export function cureOfInvalidClient(options: ClientOptions): string {
  const check = 'Check clientId and clientSecret';
  switch (options.clientAuthentication ?? 'none') {
    case 'client_secret_basic': {
      const other = options.basicEncoding === 'form' ? 'raw' : 'form';
      return `${check}; if they are right, the token endpoint may want basicEncoding: ${other} or clientAuthentication: client_secret_post.`;
    }
    case 'client_secret_post':
      return `${check}; if they are right, the token endpoint may want clientAuthentication: client_secret_basic.`;
    case 'client_secret_jwt':
      return `${check}; if they are right, the token endpoint may want another clientAssertionAudience (${otherAudience(options)}) or algorithm.`;
    case 'private_key_jwt':
      return `Check clientId, and that the public key of privateKey (and its keyId) is registered there; if so, the token endpoint may want another clientAssertionAudience (${otherAudience(options)}) or algorithm.`;
    case 'tls_client_auth':
      return 'Check clientId, and that the subject of the certificate in tls.cert is the one registered for this client.';
    case 'none':
      return 'Check clientId; the token endpoint may want a clientSecret with clientAuthentication: client_secret_basic.';
  }
}

function otherAudience({ clientAssertionAudience }: ClientOptions): string {
  return clientAssertionAudience === 'issuer' ? 'tokenEndpoint' : 'issuer';
}

const secretMethods = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt'];

/** Whether what the method needs is there, and nothing that it does not use. */
export function lintClient(options: ClientOptions): readonly Lint[] {
  const { clientAuthentication: method = 'none', clientId, algorithm } = options;
  if (clientId === undefined) return [];
  const findings: Lint[] = [];
  const error = (path: string, problem: string, cure: string) =>
    findings.push({ path, problem, cure, severity: 'error' });
  const warning = (path: string, problem: string, cure: string) =>
    findings.push({ path, problem, cure, severity: 'warning' });

  if (secretMethods.includes(method) && options.clientSecret === undefined) {
    const cure = 'write clientSecret: { file: PATH }, or clientAuthentication: none for a public client';
    error('clientSecret', `is missing, and clientAuthentication ${method} needs it`, cure);
  }
  if (!secretMethods.includes(method) && options.clientSecret !== undefined) {
    const cure = 'remove it, or choose client_secret_basic or client_secret_post';
    warning('clientSecret', `is never sent with clientAuthentication: ${method}`, cure);
  }
  if (method === 'private_key_jwt' && options.privateKey === undefined) {
    const cure = 'write privateKey: { file: PATH }';
    error('privateKey', 'is missing, and clientAuthentication private_key_jwt needs it', cure);
  }
  if (method !== 'private_key_jwt' && options.privateKey !== undefined) {
    const cure = 'remove it, or write clientAuthentication: private_key_jwt';
    warning('privateKey', `is not used with clientAuthentication: ${method}`, cure);
  }
  if (method === 'tls_client_auth' && options.tls.cert === undefined) {
    const cure = 'write tls: { cert: ./client.pem, key: { file: ./client.key } }';
    error('tls.cert', 'is missing, and clientAuthentication tls_client_auth needs it', cure);
  }
  const signs = method === 'client_secret_jwt' || method === 'private_key_jwt';
  if (signs && algorithm !== undefined && signsWithSecret(algorithm) !== (method === 'client_secret_jwt')) {
    const cure = method === 'client_secret_jwt' ? 'write HS256, HS384 or HS512' : 'write for example RS256 or ES256';
    error('algorithm', `${algorithm} does not go with clientAuthentication: ${method}`, cure);
  } else if (method === 'private_key_jwt') findings.push(...lintPrivateKey(options.privateKey, algorithm));
  else if (method === 'client_secret_jwt') {
    findings.push(...lintSharedSecret(options.clientSecret, algorithm ?? 'HS256', 'clientSecret'));
  }
  if (!signs && algorithm !== undefined) {
    warning('algorithm', `is not used with clientAuthentication: ${method}`, 'remove it');
  }
  if (signs && options.clientAssertionAudience === 'issuer' && options.issuer === undefined) {
    error('clientAssertionAudience', 'is the issuer, which is missing', 'write issuer: https://…, or another audience');
  }
  if (method === 'client_secret_basic' && options.basicEncoding === 'raw' && clientId.includes(':')) {
    const problem = 'is raw, but clientId contains a colon, which ends the user name in Basic (RFC 7617 §2)';
    warning('basicEncoding', problem, 'write basicEncoding: form, or clientAuthentication: client_secret_post');
  }
  return findings;
}
