/** The unverified sections of a JWT in compact form (RFC 7515 §7.1). */
export interface TokenSections {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** The token of an `Authorization: Bearer …` header (RFC 6750 §2.1); undefined = none. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^bearer +([\x21-\x7e]+) *$/i.exec(authorization ?? '')?.[1];
}

/** Splits a token; undefined unless it is three base64url sections of which the first two are JSON objects. */
export function sections(token: string): TokenSections | undefined {
  const [first, second, third, ...more] = token.split('.');
  if (first === undefined || second === undefined || third === undefined || more.length > 0) return undefined;
  if (![first, second, third].every((part) => /^[A-Za-z0-9_-]*$/.test(part) && part.length % 4 !== 1)) return undefined;
  const header = jsonObject(first);
  const claims = jsonObject(second);
  return header === undefined || claims === undefined ? undefined : { header, claims };
}

function jsonObject(section: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(section, 'base64url').toString('utf8'));
    // Every JSON value of type object that is no array and not null has string keys.
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
