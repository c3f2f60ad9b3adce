import type { TrailStep } from '../challenge/trail.ts';
import type { ErrorCode } from '../errors.ts';
import { Traffic } from './traffic.ts';

/** What the layers of the data path wrote down about a request. */
export interface ExchangeNotes {
  /** Upstream attempts. */
  readonly attempts: number;
  readonly generation: number | undefined;
  readonly rule: string | undefined;
  readonly upstreamErrorCode: string | undefined;
  readonly tokenMs: number;
  readonly upstreamMs: number;
  readonly trail: readonly TrailStep[] | undefined;
}

/** Header fields of an exchange, fit to be shown: name and value. */
export interface SeenHeaders {
  /** As they went upstream. */
  readonly request: readonly (readonly [string, string])[];
  /** As they came from the upstream; empty when the answer is bearerd's own. */
  readonly response: readonly (readonly [string, string])[];
}

/** A request that is over. */
export interface FinishedExchange {
  readonly requestId: string;
  /** undefined = it was answered before it had a route. */
  readonly route: string | undefined;
  /** The name under which its tokens are remembered. */
  readonly credential: string | undefined;
  /** Empty when what arrived was no request. */
  readonly method: string;
  /** As the client sent it, without its query. */
  readonly path: string;
  /** There was a query. */
  readonly query: boolean;
  /** 0 = no head was written. */
  readonly status: number;
  /** The client left before it had all of the answer. */
  readonly aborted: boolean;
  /** The answer was bearerd's own: its code, what it said, what it advised. */
  readonly error: ErrorCode | undefined;
  readonly detail: string | undefined;
  readonly action: string | undefined;
  /** Epoch milliseconds. */
  readonly endedMs: number;
  readonly totalMs: number;
  /** undefined = it was answered before it had a route. */
  readonly notes: ExchangeNotes | undefined;
  /** undefined = nobody was looking. */
  readonly headers: SeenHeaders | undefined;
}

/** How much is kept: whichever limit comes first. */
export interface ExchangeBounds {
  readonly count: number;
  readonly bytes: number;
}

/** Some 250 KB as a rule; the bytes are a bound for long paths and for the header fields of a page that is open. */
export const defaultBounds: ExchangeBounds = { count: 500, bytes: 2 * 1024 * 1024 };

/** Bytes of an entry besides its texts, on the safe side of what V8 takes. */
const entryBytes = 512;
const stepBytes = 256;

/** The last exchanges, in a ring that is written over: no bodies, no credentials, bounded in number and in bytes. */
export class Exchanges {
  /** All that ended in the last minutes, those included that are no longer kept. */
  readonly traffic = new Traffic();
  readonly #bounds: ExchangeBounds;
  readonly #slots: (FinishedExchange | undefined)[];
  /** Bytes of what is in a slot: an exchange of long ago is not looked at again when it goes. */
  readonly #weights: Float64Array;
  /** Sequence numbers; a slot is the number modulo the count. */
  #first = 0;
  #next = 0;
  #bytes = 0;
  #watchers = 0;

  constructor(bounds: ExchangeBounds = defaultBounds) {
    this.#bounds = bounds;
    this.#slots = new Array(bounds.count);
    this.#weights = new Float64Array(bounds.count);
  }

  /** Somebody looks: header fields are worth their copy. */
  get watched(): boolean {
    return this.#watchers > 0;
  }

  /** Somebody begins to look. @returns ends that */
  watch(): () => void {
    this.#watchers += 1;
    let looking = true;
    return () => {
      if (looking) this.#watchers -= 1;
      looking = false;
    };
  }

  /** Keeps one, and lets the oldest go that have no room beside it. */
  add(exchange: FinishedExchange): void {
    const { count, bytes } = this.#bounds;
    this.traffic.add(exchange.endedMs, exchange.status, exchange.totalMs);
    const weight = weightOf(exchange);
    this.#bytes += weight;
    while (this.#first < this.#next && (this.#next - this.#first >= count || this.#bytes > bytes)) this.#drop();
    const slot = this.#next % count;
    this.#slots[slot] = exchange;
    this.#weights[slot] = weight;
    this.#next += 1;
  }

  /** What follows the last one: the place to read on from. */
  get end(): number {
    return this.#next;
  }

  /** Bytes of everything that is kept, as they are estimated for the bound. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Those from a place on that are still there, the oldest first; of more than `most` the newest. */
  from(place: number, most: number = this.#bounds.count): FinishedExchange[] {
    const found: FinishedExchange[] = [];
    for (let at = Math.max(place, this.#first, this.#next - most); at < this.#next; at += 1) {
      const exchange = this.#slots[at % this.#bounds.count];
      if (exchange !== undefined) found.push(exchange);
    }
    return found;
  }

  find(requestId: string): FinishedExchange | undefined {
    return this.from(0).find((exchange) => exchange.requestId === requestId);
  }

  #drop(): void {
    const slot = this.#first % this.#bounds.count;
    this.#bytes -= this.#weights[slot] ?? 0;
    this.#slots[slot] = undefined;
    this.#first += 1;
  }
}

function weightOf({ path, detail, action, notes, headers }: FinishedExchange): number {
  let bytes = entryBytes + path.length + (detail?.length ?? 0) + (action?.length ?? 0);
  if (notes?.trail !== undefined) bytes += notes.trail.length * stepBytes;
  if (headers === undefined) return bytes;
  for (const [name, value] of headers.request) bytes += name.length + value.length + 64;
  for (const [name, value] of headers.response) bytes += name.length + value.length + 64;
  return bytes;
}
