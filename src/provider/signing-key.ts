import { createSecretKey, type KeyObject } from 'node:crypto';
import { factsOfKey, type PrivateKeyFacts, readPrivateKey } from '../config/secret.ts';
import { TokenRequestError } from '../token/provider.ts';

/** HMAC with a shared secret (RFC 7518 §3.2). */
export const secretAlgorithms = ['HS256', 'HS384', 'HS512'] as const;

/** Signatures with a private key: RSASSA-PKCS1-v1_5, RSASSA-PSS, ECDSA (RFC 7518 §3.3–3.5), EdDSA (RFC 8037 §3.1). */
export const keyAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;

/** How a JWT may be signed. */
export type SigningAlgorithm = (typeof secretAlgorithms)[number] | (typeof keyAlgorithms)[number];

/** Bits that an RSA key needs at least (RFC 7518 §3.3). */
export const smallestRsaBits = 2048;

const curves: Readonly<Record<string, readonly [string, string]>> = {
  ES256: ['prime256v1', 'P-256'],
  ES384: ['secp384r1', 'P-384'],
  ES512: ['secp521r1', 'P-521'],
};

/** The algorithm takes a shared secret, not a private key. */
export function signsWithSecret(algorithm: SigningAlgorithm): boolean {
  return algorithm.startsWith('HS');
}

/** The kind of key that an algorithm needs, in words; empty for a shared secret. */
export function neededKey(algorithm: SigningAlgorithm): string {
  if (signsWithSecret(algorithm)) return '';
  const curve = curves[algorithm];
  if (curve !== undefined) return `an EC key on the curve ${curve[1]}`;
  return algorithm === 'EdDSA' ? 'an Ed25519 key' : 'an RSA key';
}

/** The key is of the kind that the algorithm needs. */
export function fits(algorithm: SigningAlgorithm, { type, curve }: PrivateKeyFacts): boolean {
  const needed = curves[algorithm];
  if (needed !== undefined) return type === 'ec' && curve === needed[0];
  return type === (algorithm === 'EdDSA' ? 'ed25519' : 'rsa');
}

/** The usual algorithm for a key: RS256 for RSA, ES256/384/512 by the curve, EdDSA for Ed25519; undefined for others. */
export function usualAlgorithm(facts: PrivateKeyFacts): SigningAlgorithm | undefined {
  return keyAlgorithms.find((algorithm) => fits(algorithm, facts));
}

/**
 * The algorithm that is used where none is configured: the usual one of the private key.
 * @throws TokenRequestError (permanent, invalid_signing_key) for a text that is no private key, or an unusual one.
 */
export function algorithmOfKey(text: string): SigningAlgorithm {
  const facts = factsOfKey(privateKey(text));
  const algorithm = usualAlgorithm(facts);
  if (algorithm !== undefined) return algorithm;
  throw unusable(`A key of type ${facts.type} cannot sign.`, 'Set privateKey to an RSA, EC or Ed25519 key.');
}

/**
 * The key that an algorithm signs with: the secret's UTF-8 bytes (wire facts 1.1), or a private key as PEM or JWK.
 * @throws TokenRequestError (permanent, invalid_signing_key) for an empty secret, a PEM block as HMAC secret
 *   (algorithm confusion), a text that is no private key, a key of another kind, an RSA key of less than 2048 bits.
 */
export function signingKey(algorithm: SigningAlgorithm, text: string): KeyObject {
  if (signsWithSecret(algorithm)) {
    if (text === '') throw unusable('The secret is empty.', 'Set secret to the shared secret.');
    if (text.includes('-----BEGIN ')) {
      throw unusable(
        `The secret for ${algorithm} is a PEM block.`,
        'Set privateKey and an RS algorithm to sign with a private key, or secret to the shared secret.',
      );
    }
    return createSecretKey(text, 'utf8');
  }
  const key = privateKey(text);
  const facts = factsOfKey(key);
  const needed = neededKey(algorithm);
  if (!fits(algorithm, facts)) {
    const kind = facts.curve === undefined ? facts.type : `${facts.type} (${facts.curve})`;
    throw unusable(`${algorithm} needs ${needed}, this one is ${kind}.`, `Set privateKey to ${needed}.`);
  }
  const bits = facts.bits ?? smallestRsaBits;
  if (bits < smallestRsaBits) {
    throw unusable(`The RSA key has ${bits} bits.`, `Use a key of at least ${smallestRsaBits} bits (RFC 7518 §3.3).`);
  }
  return key;
}

function privateKey(text: string): KeyObject {
  try {
    return readPrivateKey(text);
  } catch {
    // node:crypto's own error may quote a JWK, so it is not kept as the cause.
    throw unusable(
      'The private key cannot be read.',
      'Write an unencrypted private key in PEM (-----BEGIN PRIVATE KEY-----, RSA PRIVATE KEY or EC PRIVATE KEY) or as a JWK.',
    );
  }
}

function unusable(what: string, action: string): TokenRequestError {
  return new TokenRequestError(`No assertion could be signed: ${what}`, {
    kind: 'permanent',
    reason: 'invalid_signing_key',
    action,
  });
}
