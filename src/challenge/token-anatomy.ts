import { decodeUnverifiedJwt, sections } from '../token/unverified-jwt.ts';
import { foreignLine } from './foreign-line.ts';

/** Claims that may name the user an API takes the caller for (wire facts 2.3). */
export type PrincipalClaim = 'sub' | 'azp' | 'appid' | 'client_id';

/** Our unverified view of a token, safe to print: never the token or its signature, claims on one line and cut. */
export interface TokenAnatomy {
  /** Dot-separated sections: 3 for a JWT, 5 for an encrypted one (RFC 7516 §3.1), 1 for most opaque tokens. */
  readonly sections: number;
  /** Three sections of which the first two are JSON objects; without it there are no other members. */
  readonly jwt: boolean;
  readonly alg?: string;
  readonly kid?: string;
  readonly typ?: string;
  readonly iss?: string;
  /** At most ten entries. */
  readonly aud?: readonly string[];
  /** The principal candidates that the token has. */
  readonly principal?: Readonly<Partial<Record<PrincipalClaim, string>>>;
  /** `scope` (RFC 8693 §4.2), else `scp`. */
  readonly scope?: string;
  /** `iat`, ISO 8601. */
  readonly issuedAt?: string;
  /** Seconds since `iat` by this machine's clock; negative when it lies ahead. */
  readonly issuedSecondsAgo?: number;
  /** `exp`, ISO 8601. */
  readonly expiresAt?: string;
  /** Seconds until `exp` by this machine's clock; negative when it has passed. */
  readonly expiresInSeconds?: number;
}

const principalClaims: readonly PrincipalClaim[] = ['sub', 'azp', 'appid', 'client_id'];
const mostAudiences = 10;

/**
 * Takes a token apart for an explanation; proves nothing about who made it. Never throws.
 * @param nowMs the wall clock that `iat` and `exp` are compared with.
 */
export function anatomyOf(token: string, nowMs: number): TokenAnatomy {
  const parsed = decodeUnverifiedJwt(token);
  if (parsed === undefined) return { sections: sections(token), jwt: false };
  const { header, payload } = parsed;
  const text = (value: unknown): string | undefined => claimText(value, token);
  const issued = instant(payload['iat'], nowMs);
  const expires = instant(payload['exp'], nowMs);
  return {
    sections: sections(token),
    jwt: true,
    ...present('alg', text(header['alg'])),
    ...present('kid', text(header['kid'])),
    ...present('typ', text(header['typ'])),
    ...present('iss', text(payload['iss'])),
    ...present('aud', texts(payload['aud'], text)),
    ...present('principal', principalOf(payload, text)),
    ...present('scope', texts(payload['scope'] ?? payload['scp'], text)?.join(' ')),
    ...present('issuedAt', issued?.iso),
    ...present('issuedSecondsAgo', issued === undefined ? undefined : 0 - issued.secondsAhead),
    ...present('expiresAt', expires?.iso),
    ...present('expiresInSeconds', expires?.secondsAhead),
  };
}

function principalOf(
  payload: Record<string, unknown>,
  text: (value: unknown) => string | undefined,
): Partial<Record<PrincipalClaim, string>> | undefined {
  const found: Partial<Record<PrincipalClaim, string>> = {};
  for (const claim of principalClaims) {
    const value = text(payload[claim]);
    if (value !== undefined) found[claim] = value;
  }
  return Object.keys(found).length === 0 ? undefined : found;
}

function claimText(value: unknown, token: string): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? foreignLine(value, token) : undefined;
}

function texts(value: unknown, text: (value: unknown) => string | undefined): string[] | undefined {
  const list: unknown[] = Array.isArray(value) ? value.slice(0, mostAudiences) : [value];
  const shown = list.map(text).filter((entry) => entry !== undefined);
  return shown.length === 0 ? undefined : shown;
}

/** A NumericDate (RFC 7519 §2) against the clock; undefined for what is no number or outside the calendar. */
function instant(value: unknown, nowMs: number): { iso: string; secondsAhead: number } | undefined {
  if (typeof value !== 'number') return undefined;
  const date = new Date(value * 1000);
  if (Number.isNaN(date.getTime())) return undefined;
  return { iso: date.toISOString(), secondsAhead: Math.floor(value - nowMs / 1000) };
}

function present<Name extends string, Value>(name: Name, value: Value | undefined): { [name in Name]?: Value } {
  // A computed key makes TypeScript forget the name; the object has exactly this one member, or none.
  return (value === undefined ? {} : { [name]: value }) as { [name in Name]?: Value };
}
