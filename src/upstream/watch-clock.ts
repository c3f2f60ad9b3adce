import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { ClockSkew } from '../token/clock-skew.ts';
import { fieldValues } from './field-lines.ts';
import type { RoundTrip } from './round-trip.ts';

/** Milliseconds between two looks: clocks drift slowly, and a look costs a walk over the header. */
const restMs = 60_000;

/**
 * Compares our clock with the Date field of the upstream's answers, one answer a minute, and tells when they differ by
 * more than 30 s. Answers out of a cache (Age, RFC 9111 §5.1) say nothing about the clock.
 * @param peer the upstream's origin, for the log.
 */
export function watchClock(send: RoundTrip, peer: string, { clock, log }: { clock: Clock; log: Log }): RoundTrip {
  const skew = new ClockSkew(log, 'It may refuse tokens that look good here, or look expired there.');
  let nextLookMs = Number.NEGATIVE_INFINITY;
  return (request) => {
    if (clock.monotonicMs() < nextLookMs) return send(request);
    nextLookMs = clock.monotonicMs() + restMs;
    const sentMs = clock.nowMs();
    return send(request).then((response) => {
      const { rawHeaders } = response;
      if (fieldValues(rawHeaders, 'age').length === 0) {
        skew.observe(peer, fieldValues(rawHeaders, 'date')[0], sentMs, clock.nowMs());
      }
      return response;
    });
  };
}
