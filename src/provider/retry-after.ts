// Longer waits are cut here, so that no timer exceeds 2^31-1 ms (stack traps).
const longestMs = 86_400_000;
const httpDate = /^[A-Za-z]{3,9},? .+ GMT$/;

/**
 * Milliseconds asked for by a Retry-After field (RFC 9110 §10.2.3: whole seconds or an HTTP date), 0..24 h.
 * A date in the past is 0; anything else that is not in one of the two forms is undefined.
 */
export function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, longestMs);
  const atMs = httpDateMs(text);
  return atMs === undefined ? undefined : Math.min(Math.max(atMs - nowMs, 0), longestMs);
}

/** Epoch milliseconds of an HTTP date (RFC 9110 §5.6.7); undefined for anything else. */
export function httpDateMs(text: string): number | undefined {
  // Date.parse alone would take "1.5" for a day in January.
  const atMs = httpDate.test(text.trim()) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : atMs;
}
