import type { AccessToken, LifetimeSource } from '../token/access-token.ts';
import { TokenRequestError } from '../token/provider.ts';
import { decodeUnverifiedJwt } from '../token/unverified-jwt.ts';
import { jsonObject } from './token-answer.ts';

/** What is known about a text that has a token. */
export interface PrintedFacts {
  /** Who wrote it, for messages: `file /run/token`, `command gcloud`. */
  readonly source: string;
  readonly nowMs: number;
  /** When it was written, epoch milliseconds: expires_in counts from there. */
  readonly writtenAtMs: number;
  /** Milliseconds from writtenAtMs where the text says nothing; undefined = the token never expires. */
  readonly defaultLifetimeMs: number | undefined;
  /** The next step where the token has ended. */
  readonly cureOfExpired: string;
}

/** An end of life that a text states, epoch milliseconds. */
interface End {
  readonly atMs: number;
  readonly source: LifetimeSource;
}

/**
 * The token in a text of somebody else's: the bare token, or JSON with access_token (accessToken, token) and an end
 * (expires_in, expires_on, expires_at, expiry), or a Kubernetes ExecCredential. The earliest end of these and of a JWT's
 * exp counts, because an expired token is never sent.
 * @throws TokenRequestError: transient expired_token, since it will be written again; permanent invalid_token.
 */
export function printedToken(text: string, format: 'raw' | 'json' | 'either', facts: PrintedFacts): AccessToken {
  const body = format === 'raw' ? undefined : jsonObject(text);
  if (body === undefined && (format === 'json' || text.trimStart().startsWith('{'))) {
    throw unusable(facts, format === 'raw' ? 'is JSON, not a bare token' : 'has no JSON object');
  }
  const fields = body === undefined ? {} : fieldsOf(body);
  const value = body === undefined ? text.trim() : tokenIn(fields, facts);
  if (!/^[\x21-\x7e]+$/.test(value)) throw unusable(facts, 'has characters that cannot be in a header');
  const exp = decodeUnverifiedJwt(value)?.payload['exp'];
  const ends = [...statedEnds(fields, facts)];
  if (typeof exp === 'number') ends.push({ atMs: exp * 1000, source: 'jwt_exp' });
  const { writtenAtMs, nowMs, defaultLifetimeMs } = facts;
  if (ends.length === 0) {
    const lifetimeSource = defaultLifetimeMs === undefined ? 'configured' : 'default';
    return { value, requestedAtMs: writtenAtMs, lifetimeMs: defaultLifetimeMs, lifetimeSource };
  }
  const first = ends.reduce((a, b) => (b.atMs < a.atMs ? b : a));
  if (!(first.atMs > nowMs)) throw expired(first.atMs, facts);
  return { value, requestedAtMs: nowMs, lifetimeMs: first.atMs - nowMs, lifetimeSource: first.source };
}

/** The members that matter; those of an ExecCredential are in its status (client.authentication.k8s.io). */
function fieldsOf(body: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (body['kind'] !== 'ExecCredential') return body;
  const status = body['status'];
  // Any object has string keys; its members are looked at one by one.
  return typeof status === 'object' && status !== null ? (status as Record<string, unknown>) : {};
}

function tokenIn(fields: Readonly<Record<string, unknown>>, facts: PrintedFacts): string {
  for (const name of ['access_token', 'accessToken', 'token']) {
    const value = fields[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  const certificate = fields['clientCertificateData'] !== undefined;
  throw unusable(facts, certificate ? 'has a client certificate, but no token' : 'has no access_token (or token)');
}

function* statedEnds(fields: Readonly<Record<string, unknown>>, { writtenAtMs }: PrintedFacts): Iterable<End> {
  const seconds = number(fields['expires_in']);
  if (seconds !== undefined && seconds > 0) yield { atMs: writtenAtMs + seconds * 1000, source: 'expires_in' };
  for (const name of ['expires_on', 'expires_at', 'expiry', 'expirationTimestamp']) {
    const atMs = date(fields[name]);
    if (atMs !== undefined) yield { atMs, source: 'expires_on' };
  }
}

/** As seconds this is the year 5138, as milliseconds 1973: no token's end is beyond the one or before the other. */
const leastMilliseconds = 1e11;

/**
 * A number since the epoch, of seconds or, from 1e11 on, of milliseconds (programs in JavaScript and Java write those; read
 * as seconds they would be thousands of years); or a date with its zone (RFC 3339), because without one nobody knows the hour.
 */
function date(value: unknown): number | undefined {
  const since = number(value);
  if (since !== undefined) return since <= 0 ? undefined : since >= leastMilliseconds ? since : since * 1000;
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d[T ][\d:.,]+ ?(Z|[+-]\d\d:?\d\d)$/i.test(value)) return undefined;
  const atMs = Date.parse(value.replace(' ', 'T').replace(' ', ''));
  // Go writes the year 1 for "never".
  return Number.isNaN(atMs) || atMs <= 0 ? undefined : atMs;
}

function number(value: unknown): number | undefined {
  const found = typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
}

function expired(atMs: number, { source, cureOfExpired }: PrintedFacts): TokenRequestError {
  const at = new Date(atMs);
  const when = Number.isNaN(at.getTime()) ? 'long ago' : `at ${at.toISOString()}`;
  return new TokenRequestError(`The token of the ${source} expired ${when}.`, {
    kind: 'transient',
    reason: 'expired_token',
    action: cureOfExpired,
  });
}

/** What was written is not shown: it may be a good token with one bad character. */
function unusable({ source }: PrintedFacts, what: string): TokenRequestError {
  return new TokenRequestError(`What the ${source} says ${what}.`, {
    kind: 'permanent',
    reason: 'invalid_token',
    action: 'It has to be the bare token on one line, or a JSON object with access_token; see docs/providers.md.',
  });
}
