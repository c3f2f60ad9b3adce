import { createPrivateKey, type KeyObject } from 'node:crypto';

/**
 * A private key from PEM (PKCS#8, PKCS#1, SEC1, all unencrypted), from a JWK (RFC 7517), or from the key file of a
 * Google service account, which is JSON with PEM in `private_key`.
 * @throws what node:crypto throws for a text that is none of these; it may quote the text, so do not print it.
 */
export function readPrivateKey(text: string): KeyObject {
  const json = keyObject(text);
  if (json === undefined) return createPrivateKey(text);
  if (typeof json['private_key'] === 'string') return createPrivateKey(json['private_key']);
  // node:crypto looks at the members itself and refuses what is no private JWK.
  return createPrivateKey({ key: json as import('node:crypto').JsonWebKey, format: 'jwk' });
}

/** The name that a JWK (`kid`) or a Google key file (`private_key_id`) gives its key; undefined for PEM. */
export function keyIdIn(text: string): string | undefined {
  const json = keyObject(text);
  const kid = json?.['kid'] ?? json?.['private_key_id'];
  return typeof kid === 'string' ? kid : undefined;
}

function keyObject(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    // A text that starts with { can only be an object in JSON.
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
