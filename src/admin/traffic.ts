import { type StatusClass, statusClass, statusClasses } from './tally.ts';

/** Milliseconds of one bucket, and how many there are: ten minutes. */
export const bucketMs = 5_000;
const bucketCount = 120;

/** What happened in one bucket. */
export interface TrafficBucket {
  /** ISO 8601, its beginning. */
  readonly at: string;
  /** Requests that ended, by status class; classes that did not occur are missing. */
  readonly requests: Readonly<Partial<Record<StatusClass, number>>>;
  readonly averageMs: number;
  readonly slowestMs: number;
}

/** Requests of the last minutes in buckets of some seconds: plain numbers that are written over, no timer. */
export class Traffic {
  /** The number of the bucket since the epoch that a place holds. */
  readonly #numbers = new Float64Array(bucketCount);
  readonly #requests = new Float64Array(bucketCount * statusClasses.length);
  readonly #sumMs = new Float64Array(bucketCount);
  readonly #slowestMs = new Float64Array(bucketCount);

  /** @param endedMs epoch milliseconds; @param status 0 = the client left before there was one */
  add(endedMs: number, status: number, totalMs: number): void {
    const number = Math.floor(endedMs / bucketMs);
    const place = number % bucketCount;
    if (this.#numbers[place] !== number) this.#begin(place, number);
    const cell = place * statusClasses.length + statusClass(status);
    this.#requests[cell] = (this.#requests[cell] ?? 0) + 1;
    // a WebSocket lasts for hours and is no slow answer
    if (status === 101) return;
    this.#sumMs[place] = (this.#sumMs[place] ?? 0) + totalMs;
    if (totalMs > (this.#slowestMs[place] ?? 0)) this.#slowestMs[place] = totalMs;
  }

  /** The buckets in which something ended since that moment, the oldest first; those before the last ten minutes are gone. */
  since(fromMs: number, nowMs: number): TrafficBucket[] {
    const last = Math.floor(nowMs / bucketMs);
    const found: TrafficBucket[] = [];
    for (let number = Math.max(Math.floor(fromMs / bucketMs), last - bucketCount + 1); number <= last; number += 1) {
      const place = number % bucketCount;
      if (this.#numbers[place] === number) found.push(this.#bucket(place, number));
    }
    return found;
  }

  #begin(place: number, number: number): void {
    this.#numbers[place] = number;
    this.#requests.fill(0, place * statusClasses.length, (place + 1) * statusClasses.length);
    this.#sumMs[place] = 0;
    this.#slowestMs[place] = 0;
  }

  #bucket(place: number, number: number): TrafficBucket {
    const counts = [...this.#requests.subarray(place * statusClasses.length, (place + 1) * statusClasses.length)];
    const answered = counts.reduce((sum, count, index) => (statusClasses[index] === '1xx' ? sum : sum + count), 0);
    const named = statusClasses.map((name, index) => [name, counts[index] ?? 0] as const);
    return {
      at: new Date(number * bucketMs).toISOString(),
      requests: Object.fromEntries(named.filter(([, count]) => count > 0)),
      averageMs: answered === 0 ? 0 : Math.round((10 * (this.#sumMs[place] ?? 0)) / answered) / 10,
      slowestMs: Math.round(10 * (this.#slowestMs[place] ?? 0)) / 10,
    };
  }
}
