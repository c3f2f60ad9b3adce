import type { ServerResponse } from 'node:http';
import { BearerdError } from '../errors.ts';
import { exchangeView } from './exchange-view.ts';
import type { Exchanges } from './exchanges.ts';
import type { Status } from './status.ts';
import type { TokenEvent, TokenHistory } from './token-history.ts';
import { bucketMs } from './traffic.ts';

/** What is told. */
export interface EventSources {
  readonly status: () => Status;
  readonly exchanges: Exchanges;
  readonly history: TokenHistory;
  readonly nowMs: () => number;
}

/** Streams at a time; each costs a status per second. */
export const mostStreams = 8;
/** Milliseconds between two looks at what is new. */
const everyMs = 100;
/** Milliseconds between two statuses when nothing happens; they also show that the connection lives. */
const statusEveryMs = 1_000;
/** Milliseconds that a reader may leave what was written to it unread. */
const patienceMs = 30_000;
/** Exchanges that one look tells of; the others are in /api/requests. */
const mostAtOnce = 100;

/** What is needed of an answer that is open. */
export type EventReader = Pick<ServerResponse, 'on' | 'writeHead' | 'write' | 'destroy' | 'writableNeedDrain'>;

interface Stream {
  readonly response: EventReader;
  /** Where to read on. */
  exchange: number;
  token: number;
  trafficMs: number;
  statusMs: number;
  /** Epoch milliseconds since which it has not taken what was written; undefined = it has. */
  blockedSinceMs: number | undefined;
}

/**
 * /api/events: server-sent events `status`, `traffic`, `token` and `request`. Nothing is queued for anybody: each look
 * reads on from where the last one ended, what a slow reader misses meanwhile it never gets, and one that takes
 * nothing for half a minute is put out. While nobody listens, no timer runs.
 */
export class EventStreams {
  readonly #sources: EventSources;
  readonly #streams = new Set<Stream>();
  #timer: NodeJS.Timeout | undefined;

  constructor(sources: EventSources) {
    this.#sources = sources;
  }

  /** Streams that are open. */
  get size(): number {
    return this.#streams.size;
  }

  /** Answers with the stream of events from now on. @throws BearerdError when there are too many already */
  open(response: EventReader, headers: Readonly<Record<string, string>>): void {
    if (this.#streams.size >= mostStreams) {
      throw new BearerdError('BEARERD_TOO_MANY_CONNECTIONS', `${mostStreams} status pages are open already`, {
        action: 'Close one of the pages; the next attempt may succeed.',
        retryAfterSeconds: 5,
      });
    }
    const { exchanges, history } = this.#sources;
    const stream: Stream = {
      ...{ response, exchange: exchanges.end, token: history.end },
      ...{ trafficMs: 0, statusMs: 0, blockedSinceMs: undefined },
    };
    const unwatch = exchanges.watch();
    response.on('close', () => {
      unwatch();
      this.#streams.delete(stream);
      if (this.#streams.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    });
    response.writeHead(200, { ...headers, 'Content-Type': 'text/event-stream; charset=utf-8' });
    this.#streams.add(stream);
    this.#timer ??= setInterval(() => this.#look(), everyMs).unref();
    const past = history.from(0).map((event) => message('token', tokenView(event)));
    response.write(`retry: 1000\n\n${past.join('')}${this.#news(stream, this.#sources.nowMs())}`);
  }

  #look(): void {
    const nowMs = this.#sources.nowMs();
    for (const stream of this.#streams) {
      const { response } = stream;
      if (response.writableNeedDrain) {
        stream.blockedSinceMs ??= nowMs;
        if (nowMs - stream.blockedSinceMs > patienceMs) response.destroy();
        continue;
      }
      stream.blockedSinceMs = undefined;
      const news = this.#news(stream, nowMs);
      if (news !== '') response.write(news);
    }
  }

  #news(stream: Stream, nowMs: number): string {
    const { exchanges, history, status } = this.#sources;
    const finished = exchanges.from(stream.exchange, mostAtOnce);
    const tokens = history.from(stream.token);
    const due = nowMs - stream.statusMs >= statusEveryMs || nowMs < stream.statusMs;
    const news: string[] = [];
    if (due || tokens.length > 0) {
      news.push(message('status', status()));
      stream.statusMs = nowMs;
    }
    if (finished.length > 0 || stream.trafficMs === 0) {
      news.push(message('traffic', exchanges.traffic.since(stream.trafficMs, nowMs)));
      stream.trafficMs = nowMs - bucketMs;
    }
    for (const event of tokens) news.push(message('token', tokenView(event)));
    for (const exchange of finished) news.push(message('request', exchangeView(exchange)));
    stream.exchange = exchanges.end;
    stream.token = history.end;
    return news.join('');
  }
}

/** A token request that ended, as `token` tells it. */
export interface TokenEventView {
  readonly at: string;
  readonly credential: string;
  readonly outcome: TokenEvent['outcome'];
  readonly generation: number | null;
}

function tokenView({ atMs, credential, outcome, generation }: TokenEvent): TokenEventView {
  return { at: new Date(atMs).toISOString(), credential, outcome, generation: generation ?? null };
}

/** One event; JSON has no line breaks. */
function message(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
