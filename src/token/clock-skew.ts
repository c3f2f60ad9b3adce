import type { Log } from '../log.ts';

/** Milliseconds of difference between two clocks from which it is told and corrected; below it is noise. */
export const noticeableSkewMs = 30_000;

const httpDate = /^[A-Za-z]{3}, \d{2} [A-Za-z]{3} \d{4} [\d:]{8} GMT$/;

/**
 * Milliseconds that another machine's clock is ahead of ours, from the Date field of its answer (RFC 9110 §6.6.1);
 * negative = behind, undefined = the field says nothing. The answer was made between `sentMs` and `receivedMs`, and the
 * field has whole seconds: 0 where that explains the difference, else the middle of what is possible.
 */
export function skewFromDate(date: string | undefined, sentMs: number, receivedMs: number): number | undefined {
  if (date === undefined || !httpDate.test(date)) return undefined;
  const atMs = Date.parse(date);
  if (Number.isNaN(atMs) || receivedMs < sentMs) return undefined;
  const leastMs = atMs - receivedMs;
  const mostMs = atMs + 999 - sentMs;
  return leastMs <= 0 && mostMs >= 0 ? 0 : Math.round((leastMs + mostMs) / 2);
}

/** The difference in words, without a full stop; `skewMs` as from skewFromDate. */
export function skewSentence(peer: string, skewMs: number): string {
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  return `This machine's clock is ${seconds} s ${skewMs > 0 ? 'behind' : 'ahead of'} the clock of ${peer}`;
}

/** How far the clock of one peer is from ours, told once per change. */
export class ClockSkew {
  readonly #log: Log;
  readonly #consequence: string;
  #skewMs = 0;
  #reportedMs = 0;

  /**
   * @param log bound to the credential or route by the caller.
   * @param consequence what a difference does, for the warning.
   */
  constructor(log: Log, consequence: string) {
    this.#log = log;
    this.#consequence = consequence;
  }

  /** Takes the Date field of an answer; `peer` is its origin, for the log line. Times are epoch milliseconds. */
  observe(peer: string, date: string | undefined, sentMs: number, receivedMs: number): void {
    const skewMs = skewFromDate(date, sentMs, receivedMs);
    if (skewMs === undefined) return;
    this.#skewMs = skewMs;
    const now = this.correctionMs;
    if (Math.abs(now - this.#reportedMs) <= noticeableSkewMs && (now === 0) === (this.#reportedMs === 0)) return;
    this.#reportedMs = now;
    const fields = { event: 'clock_skew', peer, skewSeconds: Math.round(skewMs / 1000) };
    if (now === 0) this.#log.info(fields, `The clocks of ${peer} and this machine agree again`);
    else {
      this.#log.warn(fields, `${skewSentence(peer, now)}; set the clock. ${this.#consequence}`);
    }
  }

  /** Milliseconds to add to our clock to get the peer's; 0 where the difference is not noticeable. */
  get correctionMs(): number {
    return Math.abs(this.#skewMs) > noticeableSkewMs ? this.#skewMs : 0;
  }
}
