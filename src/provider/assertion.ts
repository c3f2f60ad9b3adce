import { randomUUID } from 'node:crypto';
import { type SigningAlgorithm, signingKey } from './signing-key.ts';

/** What an assertion says. */
export interface AssertionClaims {
  readonly algorithm: SigningAlgorithm;
  readonly issuer: string;
  readonly subject: string;
  /** `kid` of the header. */
  readonly keyId?: string | undefined;
  readonly audience?: string | undefined;
  /** Milliseconds from now to `exp`. */
  readonly lifetimeMs: number;
  /** RFC 7519 §4.1.4 wants seconds; the seed's sample has milliseconds. */
  readonly expUnit: 'seconds' | 'milliseconds';
  /** RFC 7519 §2 wants a number; the seed's sample has a string. */
  readonly expType: 'number' | 'string';
  readonly includeIat: boolean;
  /** Adds a random `jti`. */
  readonly jti: boolean;
}

/**
 * A signed JWT in compact form (RFC 7515 §7.1); header and claims are written in the order given, undefined ones left out.
 * @throws TokenRequestError (permanent, invalid_signing_key) when the key does not fit the algorithm.
 */
export async function signJwt(
  algorithm: SigningAlgorithm,
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>>,
  keyText: string,
): Promise<string> {
  const key = signingKey(algorithm, keyText);
  // Imported when it is needed: 40 ms of start-up that client credentials never use (measured).
  const { CompactSign } = await import('jose');
  return new CompactSign(Buffer.from(JSON.stringify(claims), 'utf8'))
    .setProtectedHeader({ alg: algorithm, ...JSON.parse(JSON.stringify(header)) })
    .sign(key);
}

/**
 * A new signed JWT (RFC 7523 §3) for Collaborate; never the same one twice where time or `jti` differ.
 * Header members in the order alg, typ, kid; claims iss, sub, exp, iat, aud, jti: as in the seed's sample.
 * @throws TokenRequestError (permanent, invalid_signing_key) when the key does not fit the algorithm.
 */
export async function signAssertion(claims: AssertionClaims, keyText: string, nowMs: number): Promise<string> {
  return signJwt(claims.algorithm, { typ: 'JWT', kid: claims.keyId }, payload(claims, nowMs), keyText);
}

function payload(claims: AssertionClaims, nowMs: number): Record<string, unknown> {
  const nowSeconds = Math.floor(nowMs / 1000);
  const exp =
    claims.expUnit === 'seconds' ? nowSeconds + Math.floor(claims.lifetimeMs / 1000) : nowMs + claims.lifetimeMs;
  return {
    iss: claims.issuer,
    sub: claims.subject,
    exp: claims.expType === 'string' ? String(exp) : exp,
    iat: claims.includeIat ? nowSeconds : undefined,
    aud: claims.audience,
    jti: claims.jti ? randomUUID() : undefined,
  };
}
