import { createHmac, type KeyObject, timingSafeEqual, verify } from 'node:crypto';

/** A JWT whose signature is right. */
export interface VerifiedJwt {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/**
 * Verifies a compact JWT with node:crypto alone, not with the library that signed it (RFC 7515 §5.2).
 * @param key text = the HMAC secret in UTF-8; a public key = RSASSA-PKCS1-v1_5.
 * @throws Error that names what is wrong.
 */
export function verifyJwt(jwt: string, algorithm: 'HS256' | 'RS256', key: string | KeyObject): VerifiedJwt {
  const sections = jwt.split('.');
  const [header = '', claims = '', signature = ''] = sections;
  if (sections.length !== 3) throw new Error(`${sections.length} sections`);
  // base64url without padding (RFC 7515 §2)
  for (const section of sections) if (!/^[\w-]+$/.test(section)) throw new Error(`not base64url: ${section}`);
  const parsedHeader = parse(header);
  if (parsedHeader['alg'] !== algorithm) throw new Error(`alg is ${parsedHeader['alg']}`);
  const signed = Buffer.from(`${header}.${claims}`, 'ascii');
  const given = Buffer.from(signature, 'base64url');
  if (!isSignature(signed, given, key)) throw new Error('the signature is wrong');
  return { header: parsedHeader, claims: parse(claims) };
}

function isSignature(signed: Buffer, given: Buffer, key: string | KeyObject): boolean {
  if (typeof key !== 'string') return verify('RSA-SHA256', signed, key, given);
  const expected = createHmac('sha256', Buffer.from(key, 'utf8')).update(signed).digest();
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function parse(section: string): Record<string, unknown> {
  // A section is a JSON object, or the caller's comparison fails.
  return JSON.parse(Buffer.from(section, 'base64url').toString('utf8')) as Record<string, unknown>;
}
