/** The two JSON sections of a JWT, read without any check of its signature. */
export interface UnverifiedJwt {
  /** JOSE header (RFC 7519 §5). */
  readonly header: Record<string, unknown>;
  /** Claims (RFC 7519 §4). */
  readonly payload: Record<string, unknown>;
}

// Empty is valid base64url: an unsecured JWT has an empty signature (RFC 7519 §6.1).
const base64url = /^[A-Za-z0-9_-]*$/;

/** How many dot-separated sections a token has: 3 for a JWT, 5 for a JWE (RFC 7516 §3.1), 1 for most opaque tokens. */
export function sections(token: string): number {
  return token.split('.').length;
}

/**
 * Reads header and payload of a JWT for explanations and lifetimes; proves nothing about who made it.
 * Never throws: undefined for everything that is not three base64url sections of which the first two are JSON objects
 * (jose.decodeJwt throws on opaque and on five-part tokens, measured: wire facts 4.8).
 */
export function decodeUnverifiedJwt(token: string): UnverifiedJwt | undefined {
  const [header, payload, signature, ...more] = token.split('.');
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0) return undefined;
  if (!base64url.test(signature)) return undefined;
  const decodedHeader = jsonObject(header);
  const decodedPayload = jsonObject(payload);
  if (decodedHeader === undefined || decodedPayload === undefined) return undefined;
  return { header: decodedHeader, payload: decodedPayload };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function jsonObject(section: string): Record<string, unknown> | undefined {
  if (!base64url.test(section)) return undefined;
  try {
    const value: unknown = JSON.parse(utf8.decode(Buffer.from(section, 'base64url')));
    // JSON.parse gives an object with string keys here; arrays and null are excluded.
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
