import { STATUS_CODES } from 'node:http';
import type { ClientHttp2Stream } from 'node:http2';
import type { Readable } from 'node:stream';
import { BearerdError } from '../errors.ts';
import { ProtocolError } from '../net/http1/protocol-error.ts';
import type { Http2Connection } from '../net/http2-connection.ts';
import { Wait } from '../net/time-limit.ts';
import type { UpstreamPool } from '../net/upstream-pool.ts';
import { mostInformations } from './attempts.ts';
import { fieldLines, http2Fields } from './http2-fields.ts';
import { ResponseBody } from './response-body.ts';
import type { UpstreamRequest, UpstreamResponse } from './round-trip.ts';
import { upstreamError } from './upstream-error.ts';

/** RFC 9113 §7; written out so that node:http2 is loaded only where it is used. */
const cancel = 8;
const http11Required = 13;

/** Milliseconds for which a stream may stay open behind an answer that is complete without its end, where there is no limit. */
const endlessMs = 30_000;

/** Turns the events of a stream into a response head and a ResponseBody; waits for the head while it is the upstream's turn. */
export class Http2Stream extends Wait {
  readonly #pool: UpstreamPool;
  readonly #connection: Http2Connection;
  readonly #request: UpstreamRequest;
  readonly #resolve: (response: UpstreamResponse) => void;
  readonly #reject: (error: Error) => void;
  readonly #startedMs = performance.now();
  readonly #reused: boolean;
  readonly #receivedBefore: number;
  #stream: ClientHttp2Stream | undefined;
  #upload: Readable | undefined;
  /** Calls the stream off while its request body is not whole. */
  #callOff: AbortController | undefined;
  #body: ResponseBody | undefined;
  #trailers: string[] = [];
  #awaitsHead = true;
  #upstreamsTurn = true;
  #informations = 0;
  #endSeen = false;
  #over = false;

  constructor(
    pool: UpstreamPool,
    connection: Http2Connection,
    request: UpstreamRequest,
    resolve: (response: UpstreamResponse) => void,
    reject: (error: Error) => void,
  ) {
    super();
    this.#pool = pool;
    this.#connection = connection;
    this.#request = request;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#reused = connection.used;
    this.#receivedBefore = connection.received;
    connection.used = true;
    connection.streams += 1;
  }

  /** Opens the stream; calls one of the two, once. */
  send(): void {
    this.#request.caller.onGone = () => this.#clientGone();
    try {
      this.#listen(this.#open());
    } catch (error) {
      this.#fail(unsent(error));
    }
  }

  #open(): ClientHttp2Stream {
    const fields = http2Fields(this.#request, new URL(this.#pool.origin).host);
    const { session } = this.#connection;
    if (this.#request.body === undefined) this.#stream = session.request(fields, { endStream: true });
    else {
      this.#callOff = new AbortController();
      this.#stream = session.request(fields, { endStream: false, signal: this.#callOff.signal });
    }
    return this.#stream;
  }

  #listen(stream: ClientHttp2Stream): void {
    this.#seeEnd(stream);
    stream.on('headers', (_fields, _flags, raw: string[] = []) => this.#informed(Number(raw[1]), raw));
    stream.once('response', (_fields, flags, raw: string[] = []) => this.#answered(Number(raw[1]), raw, flags));
    stream.once('trailers', (_fields, _flags, raw: string[] = []) => {
      this.#trailers = fieldLines(raw);
    });
    stream.once('error', (error: Error) => this.#fail(error));
    stream.once('aborted', () => this.#broken());
    stream.once('end', () => this.#ended());
    stream.once('close', () => this.#broken());
    stream.setTimeout(this.#pool.idleTimeoutMs, () => this.#idle());
    this.#watchHead();
    const upload = this.#request.body?.stream((upstreams) => {
      this.#upstreamsTurn = upstreams;
      this.#watchHead();
    });
    this.#upload = upload;
    upload?.once('error', (error) => this.#fail(error));
    upload?.pipe(stream);
  }

  override late(limitMs: number): void {
    this.#late(`no head of an answer within ${limitMs / 1_000} s`);
  }

  /** As with HTTP/1.1 the connection takes no further request: its way may be gone without a word. */
  #late(what: string): void {
    this.#fail(new BearerdError('BEARERD_UPSTREAM_RESPONSE_TIMEOUT', `${this.#pool.origin}: ${what}`));
    this.#connection.retire();
    this.#connection.probe();
  }

  /** Clients may have less patience than we: where they leave before anything has come, nobody would ever be late. */
  #clientGone(): void {
    if (this.#connection.received === this.#receivedBefore) this.#connection.probe();
    this.#fail(new Error('the client has gone'));
  }

  /** A head before the answer; see Http1Exchange of transport.ts. */
  #informed(status: number, raw: readonly string[]): void {
    if (this.#over) return;
    this.#informations += 1;
    if (this.#informations > mostInformations) this.#fail(new ProtocolError('bad answer: informational heads only'));
    else {
      if (status === 102) this.#pool.headLimit?.extend(this);
      if (status !== 100) this.#request.onInformation?.(status, fieldLines(raw));
    }
  }

  #answered(status: number, raw: readonly string[], flags: number): void {
    const stream = this.#stream;
    if (this.#over || stream === undefined) return;
    // nghttp2 takes any three digits, 000 too
    if (!(status >= 200)) {
      this.#fail(new ProtocolError(`bad status ${raw[1]}`));
      return;
    }
    this.#awaitsHead = false;
    this.#watchHead();
    const body = new ResponseBody({
      pause: () => stream.pause(),
      resume: () => {
        stream.setTimeout(this.#pool.idleTimeoutMs);
        stream.resume();
      },
      abort: (reason) => this.#fail(reason),
    });
    this.#body = body;
    const endsHere = (flags & 1) === 1;
    if (endsHere || status === 204 || status === 304 || this.#request.method === 'HEAD') {
      body.finish([]);
      if (!endsHere) stream.setTimeout(this.#pool.idleTimeoutMs || endlessMs);
    }
    this.#request.exchange.upstreamMs += performance.now() - this.#startedMs;
    this.#resolve({
      status,
      // HTTP/2 has no reason phrases (RFC 9113 §8.3.2)
      statusMessage: STATUS_CODES[status] ?? '',
      rawHeaders: fieldLines(raw),
      body,
      switched: undefined,
    });
    stream.on('data', (chunk: Buffer) => {
      if (!body.complete) body.push(chunk);
    });
  }

  /**
   * Node reports an end after a reset of the stream too, and after one with NO_ERROR nothing tells the two apart but the
   * moment: the end of the body (END_STREAM) is noted while the stream is open, any other when it has been closed.
   */
  #seeEnd(stream: ClientHttp2Stream): void {
    const push = stream.push.bind(stream);
    stream.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
      if (chunk === null && !stream.closed) this.#endSeen = true;
      return push(chunk, encoding);
    };
  }

  #ended(): void {
    if (this.#over || this.#body === undefined) return;
    if (this.#endSeen && (this.#stream?.rstCode ?? 0) === 0) this.#leave(undefined);
    else this.#broken();
  }

  #broken(): void {
    const code = this.#stream?.rstCode ?? 0;
    const words =
      code === 0 ? 'the stream was closed in the middle' : `the stream was reset (RST_STREAM, code ${code})`;
    this.#fail(new Error(words));
  }

  /** Nothing has come for a while; a paused stream waits for the client, not for the upstream. */
  #idle(): void {
    if (this.#body === undefined) return;
    // the client has its answer; the end of the stream, which has not come, would keep the place in the pool
    if (this.#body.complete) this.#leave(undefined);
    else if (this.#stream?.isPaused() !== true)
      this.#late(`nothing more of the answer within ${this.#pool.idleTimeoutMs / 1_000} s`);
  }

  #fail(error: Error): void {
    if (this.#over) return;
    const stream = this.#stream;
    // RFC 9113 §7: the request is to be made over HTTP/1.1, instead of this one
    const wantsHttp1 = stream?.rstCode === http11Required;
    if (wantsHttp1) this.#pool.http2?.refused();
    const ignored = stream === undefined ? error instanceof UnsentError : this.#connection.ignored(stream);
    this.#leave(upstreamError(error, this.#pool.origin, this.#reused, ignored || wantsHttp1));
  }

  /** Ends it once: the body for its reader, the stream for the upstream, the place in the pool. */
  #leave(failure: Error | undefined): void {
    this.#over = true;
    this.#awaitsHead = false;
    this.#watchHead();
    this.#connection.streams -= 1;
    this.#pool.release();
    this.#request.caller.onGone = undefined;
    // what the client sends before another attempt could be more than is remembered
    this.#upload?.destroy();
    const stream = this.#stream;
    if (stream !== undefined) {
      stream.on('error', () => {});
      // a request body that nobody reads any more is called off too (RFC 9113 §8.1)
      if (failure !== undefined || !this.#endSeen || !stream.writableFinished) this.#reset(stream);
    }
    if (failure === undefined) {
      if (this.#body?.complete === false) this.#body.finish(this.#trailers);
    } else if (this.#body === undefined) this.#reject(failure);
    else if (!this.#body.complete) this.#body.fail(failure);
  }

  /**
   * Resets the stream with CANCEL. Node's close() would end the request body first, with END_STREAM: what the client has
   * sent of it so far would be a whole request for the upstream (RFC 9113 §8.1). An abort sends RST_STREAM alone.
   */
  #reset(stream: ClientHttp2Stream): void {
    if (stream.writableEnded || this.#callOff === undefined) stream.close(cancel);
    else this.#callOff.abort();
  }

  #watchHead(): void {
    if (this.#awaitsHead && this.#upstreamsTurn) this.#pool.headLimit?.start(this);
    else this.#pool.headLimit?.stop(this);
  }
}

/** The stream was never opened: nothing has reached the upstream. */
class UnsentError extends Error {}

/** Why Node opened no stream: the connection ends, or it is a request that HTTP/2 cannot carry. */
function unsent(error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const words = error instanceof Error ? error.message : String(error);
  if (/GOAWAY|SESSION/.test(code)) return new UnsentError(words);
  return new BearerdError('BEARERD_REQUEST_MALFORMED', `The request cannot be sent over HTTP/2: ${words}`);
}
