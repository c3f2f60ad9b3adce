/** An unsigned stand-in for a JWT: whatever header and claims, and text where the signature would be. */
export function jwtOf(header: object, payload: object, signature = 'c2lnbmF0dXJl'): string {
  const section = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${section(header)}.${section(payload)}.${signature}`;
}
