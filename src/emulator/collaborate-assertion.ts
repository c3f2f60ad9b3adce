import { createPublicKey } from 'node:crypto';
import { errors, jwtVerify } from 'jose';
import type { Call } from './emulator.ts';

/** What the emulated Collaborate knows of the one client it serves. */
export interface CollaborateClient {
  /** `iss` and `sub` of the assertion. */
  readonly key: string;
  /** Shared secret: its UTF-8 bytes are the HMAC key (vector A01). Assertions are then HS256, HS384 or HS512. */
  readonly secret: string;
  /** PEM of an RSA public key or certificate: assertions are then RS256, RS384 or RS512, and no HS. */
  readonly publicKey?: string;
}

/** How the token endpoint judges. */
export interface AssertionRules {
  readonly client: CollaborateClient;
  /** Where the parameters may be; default body. Older clients use the query (wire facts 1.2). */
  readonly assertionIn?: 'body' | 'query';
  readonly nowMs: () => number;
}

/** A refusal in the service's words: `errorKey` and `errorMessage`; which keys the real one uses is not known. */
export interface Refusal {
  readonly status: number;
  readonly errorKey: string;
  readonly errorMessage: string;
}

const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const maxAheadSeconds = 300;

/** Judges a token request (RFC 7523 §2.1, wire facts 1); undefined = a token may be issued. */
export async function judgeAssertion(call: Call, rules: AssertionRules): Promise<Refusal | undefined> {
  if (call.method !== 'POST') return refusal(405, 'method_not_allowed', 'Token requests are POST.');
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(call.headers['content-type'] ?? '')) {
    return refusal(415, 'unsupported_media_type', 'The content type must be application/x-www-form-urlencoded.');
  }
  const basic = call.headers.authorization;
  const { key, secret } = rules.client;
  // RFC 7523 §3.1: client authentication is optional, but checked where it is there.
  if (basic !== undefined && basic !== `Basic ${Buffer.from(`${key}:${secret}`).toString('base64')}`) {
    return refusal(401, 'invalid_client', 'The Authorization header does not match the key and its secret.');
  }
  const parameters = rules.assertionIn === 'query' ? call.query : new URLSearchParams(call.body.text);
  if (parameters.getAll('grant_type').join(' ') !== grantType) {
    return refusal(400, 'unsupported_grant_type', `The parameter grant_type must be ${grantType}.`);
  }
  const [assertion, second] = parameters.getAll('assertion');
  if (!assertion || second !== undefined) return refusal(400, 'invalid_request', 'Exactly one assertion is needed.');
  return judgeClaims(assertion, rules);
}

async function judgeClaims(assertion: string, { client, nowMs }: AssertionRules): Promise<Refusal | undefined> {
  const { publicKey } = client;
  const verifying = publicKey === undefined ? new TextEncoder().encode(client.secret) : createPublicKey(publicKey);
  const family = publicKey === undefined ? 'HS' : 'RS';
  try {
    const { payload } = await jwtVerify(assertion, verifying, {
      algorithms: ['256', '384', '512'].map((size) => family + size),
      currentDate: new Date(nowMs()),
      issuer: client.key,
      subject: client.key,
      requiredClaims: ['exp'],
    });
    if ((payload.exp ?? 0) > nowMs() / 1000 + maxAheadSeconds) {
      return refusal(
        400,
        'invalid_grant',
        `The assertion's exp must be in seconds, at most ${maxAheadSeconds} s ahead.`,
      );
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    return refusal(400, 'invalid_grant', `The assertion is not accepted: ${error.message}.`);
  }
}

function refusal(status: number, errorKey: string, errorMessage: string): Refusal {
  return { status, errorKey, errorMessage };
}
