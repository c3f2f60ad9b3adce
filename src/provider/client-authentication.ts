import { randomUUID } from 'node:crypto';
import { signJwt } from './assertion.ts';
import type { SigningAlgorithm } from './signing-key.ts';
import { colonInRawId, oddSecret, type Suspicion } from './suspicion.ts';

/** What proves the client's identity in a token request. */
export interface ClientProof {
  /** Value of the Authorization field, if the method uses it. */
  readonly authorization: string | undefined;
  /** Form parameters that the method adds. */
  readonly parameters: readonly (readonly [string, string])[];
  /** Texts made of a secret that an answer may echo. */
  readonly secrets: readonly string[];
  /** It contains the time. */
  readonly timed: boolean;
  /** The likely reason if it is refused. */
  readonly suspicion?: Suspicion | undefined;
}

/** How client_secret_basic writes id and secret: form-urlencoded (RFC 6749 §2.3.1), or as they are for endpoints that do not decode. */
export type BasicEncoding = 'form' | 'raw';

/**
 * One value form-urlencoded as WHATWG says, so `*-._` stay; `~` stays too: real servers that take the credentials
 * nearly raw trip over escaped unreserved characters (stack traps, measured).
 */
export function formEncode(value: string): string {
  return new URLSearchParams([['', value]]).toString().slice(1).replaceAll('%7E', '~');
}

/** `Basic …` of two texts, joined by a colon and encoded as UTF-8 (RFC 7617 §2). */
export function basicCredentials(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
}

/** client_secret_basic (RFC 6749 §2.3.1); without the form encoding an id with colons (Collibra's) could not be split again. */
export function clientSecretBasic(clientId: string, clientSecret: string, encoding: BasicEncoding): ClientProof {
  const encode = encoding === 'form' ? formEncode : (value: string): string => value;
  const authorization = basicCredentials(encode(clientId), encode(clientSecret));
  const suspicion =
    oddSecret(clientSecret, 'clientSecret') ?? (encoding === 'raw' ? colonInRawId(clientId) : undefined);
  return { authorization, parameters: [], secrets: [authorization.slice('Basic '.length)], timed: false, suspicion };
}

/** client_secret_post (RFC 6749 §2.3.1): id and secret as form parameters. */
export function clientSecretPost(clientId: string, clientSecret: string): ClientProof {
  const proof = parametersOnly([
    ['client_id', clientId],
    ['client_secret', clientSecret],
  ]);
  return { ...proof, suspicion: oddSecret(clientSecret, 'clientSecret') };
}

/** none (RFC 7591 §2) and tls_client_auth (RFC 8705 §2): the client only names itself, a certificate says the rest. */
export function clientIdOnly(clientId: string): ClientProof {
  return parametersOnly([['client_id', clientId]]);
}

/** Nothing: the grant itself proves enough (RFC 7523 §3.1). */
export const noClient: ClientProof = parametersOnly([]);

function parametersOnly(parameters: ClientProof['parameters']): ClientProof {
  return { authorization: undefined, parameters, secrets: [], timed: false };
}

/** What a client assertion says and how it is signed. */
export interface ClientAssertion {
  readonly clientId: string;
  readonly audience: string;
  readonly algorithm: SigningAlgorithm;
  /** `kid` of the header. */
  readonly keyId: string | undefined;
  /** Epoch milliseconds by the clock of the token endpoint. */
  readonly nowMs: number;
}

/** Seconds that a client assertion is valid: long enough for one request. */
export const clientAssertionSeconds = 60;

/**
 * client_secret_jwt and private_key_jwt (RFC 7523 §2.2 and §3; OpenID Connect Core §9): a fresh assertion each time;
 * client_id is sent too, because some endpoints look the client up by it (RFC 7521 §4.2 makes it optional).
 * @throws TokenRequestError (permanent, invalid_signing_key) when the key does not fit the algorithm.
 */
export async function signedClientAssertion(assertion: ClientAssertion, keyText: string): Promise<ClientProof> {
  const { clientId, audience, algorithm, keyId, nowMs } = assertion;
  const iat = Math.floor(nowMs / 1000);
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: audience,
    jti: randomUUID(),
    iat,
    exp: iat + clientAssertionSeconds,
  };
  const signed = await signJwt(algorithm, { typ: 'JWT', kid: keyId }, claims, keyText);
  return {
    authorization: undefined,
    parameters: [
      ['client_id', clientId],
      ['client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'],
      ['client_assertion', signed],
    ],
    secrets: [signed],
    timed: true,
  };
}
