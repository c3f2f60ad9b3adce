import type { LifetimeSource } from '../token/access-token.ts';

/** What limits the life of a token besides the answer itself; milliseconds. */
export interface LifetimeLimits {
  /** Start of the token request, epoch milliseconds; lives count from here. */
  readonly requestedAtMs: number;
  /** When the answer was read, epoch milliseconds. */
  readonly nowMs: number;
  /** Used when the answer says nothing usable. */
  readonly defaultLifetimeMs: number;
  /** No life is longer; also keeps timers below 2^31-1 ms. */
  readonly maxLifetimeMs: number;
  /** Milliseconds that the clock behind `exp` and `expires_on` is known to be ahead of ours; default 0. */
  readonly skewMs?: number;
}

/** How long a token lives and who said so. */
export interface Lifetime {
  /** Milliseconds from the start of the token request. */
  readonly lifetimeMs: number;
  readonly source: LifetimeSource;
  /** The JWT looks expired although it was just issued: our clock is probably ahead. */
  readonly clockAhead: boolean;
}

/** Seconds beyond which an `exp` is not believed: ten years. */
const horizonSeconds = 315_360_000;

/**
 * The life of a token from its answer and, if it is a JWT, its unverified claims: wire facts section 4, rule 5.
 * The smaller of expires_in (or expires_on) and exp wins; without either the configured default; clamped to the maximum.
 */
export function tokenLifetime(
  answer: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>> | undefined,
  limits: LifetimeLimits,
): Lifetime {
  const found = unclamped(answer, claims, limits);
  if (found.lifetimeMs <= limits.maxLifetimeMs) return found;
  return { ...found, lifetimeMs: limits.maxLifetimeMs, source: 'clamped' };
}

function unclamped(
  answer: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>> | undefined,
  limits: LifetimeLimits,
): Lifetime {
  const stated = statedLife(answer, limits);
  const exp = onOurClock(numericDate(claims?.['exp']), limits);
  const believable = exp !== undefined && exp - limits.nowMs / 1000 <= horizonSeconds;
  if (!believable) return stated ?? fallback(limits, false);
  if (exp * 1000 > limits.nowMs) {
    const lifetimeMs = exp * 1000 - limits.requestedAtMs;
    if (stated !== undefined && stated.lifetimeMs <= lifetimeMs) return stated;
    return { lifetimeMs, source: 'jwt_exp', clockAhead: false };
  }
  if (stated !== undefined) return { ...stated, clockAhead: true };
  const iat = onOurClock(numericDate(claims?.['iat']), limits);
  if (iat === undefined || exp <= iat) return fallback(limits, true);
  return { lifetimeMs: (exp - iat) * 1000, source: 'jwt_exp', clockAhead: true };
}

function fallback(limits: LifetimeLimits, clockAhead: boolean): Lifetime {
  return { lifetimeMs: limits.defaultLifetimeMs, source: 'default', clockAhead };
}

function statedLife(answer: Readonly<Record<string, unknown>>, limits: LifetimeLimits): Lifetime | undefined {
  if (answer['expires_in'] !== undefined) {
    const seconds = Math.floor(decimal(answer['expires_in']) ?? 0);
    // 0 and less: a server that meant it and still worked can only mean "unknown".
    return seconds > 0 ? { lifetimeMs: seconds * 1000, source: 'expires_in', clockAhead: false } : undefined;
  }
  const atMs = (onOurClock(decimal(answer['expires_on']), limits) ?? 0) * 1000;
  if (atMs <= limits.nowMs) return undefined;
  return { lifetimeMs: atMs - limits.requestedAtMs, source: 'expires_on', clockAhead: false };
}

/** A time in seconds, as our own clock will show it. */
function onOurClock(seconds: number | undefined, { skewMs = 0 }: LifetimeLimits): number | undefined {
  return seconds === undefined ? undefined : seconds - skewMs / 1000;
}

/** A finite number, or a plain decimal string: Entra v1, PayPal and Apigee send strings (wire facts 4). */
function decimal(value: unknown): number | undefined {
  if (typeof value === 'string') return /^-?\d+(\.\d+)?$/.test(value) ? finite(Number(value)) : undefined;
  return typeof value === 'number' ? finite(value) : undefined;
}

/** NumericDate (RFC 7519 §2): a JSON number of seconds. */
function numericDate(value: unknown): number | undefined {
  return typeof value === 'number' ? finite(value) : undefined;
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}
