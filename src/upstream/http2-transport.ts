import { STATUS_CODES } from 'node:http';
import type { ClientHttp2Stream } from 'node:http2';
import type { Readable } from 'node:stream';
import { BearerdError } from '../errors.ts';
import type { Http2Connection, Http2Sessions } from '../net/http2-sessions.ts';
import { Wait } from '../net/time-limit.ts';
import type { UpstreamPool } from '../net/upstream-pool.ts';
import { type Around, type Attempt, admission, mayTryAgain, mostInformations } from './attempts.ts';
import { fieldLines, http2Fields } from './http2-fields.ts';
import { ResponseBody } from './response-body.ts';
import type { RoundTrip, UpstreamRequest, UpstreamResponse } from './round-trip.ts';
import { upstreamError } from './upstream-error.ts';

/** RFC 9113 §7; written out so that node:http2 is loaded only where it is used. */
const cancel = 8;
const refusedStream = 7;

/**
 * One request on a stream of an HTTP/2 connection; on HTTP/1.1 where the upstream does not take HTTP/2, and for
 * WebSockets, which HTTP/2 has only as an extension that few servers know (RFC 8441).
 * @param around does something besides with each stream; undefined = nothing
 */
export function http2Transport(
  pool: UpstreamPool,
  sessions: Http2Sessions,
  http1: RoundTrip,
  around: Around | undefined,
): RoundTrip {
  return async (request) => {
    if (request.upgrade) return http1(request);
    for (;;) {
      try {
        return (await attempt(pool, sessions, request, around)) ?? (await http1(request));
      } catch (error) {
        if (!mayTryAgain(error, request)) throw error;
      }
    }
  };
}

/** @returns undefined = not over HTTP/2 */
async function attempt(
  pool: UpstreamPool,
  sessions: Http2Sessions,
  request: UpstreamRequest,
  around: Around | undefined,
): Promise<UpstreamResponse | undefined> {
  const refusal = admission(pool, request);
  if (refusal !== undefined) throw refusal;
  // it does not wait for a connection of HTTP/1.1
  let connection: Http2Connection | undefined;
  try {
    const found = sessions.connection();
    connection = found instanceof Promise ? await found : found;
  } catch (error) {
    pool.release();
    throw upstreamError(error instanceof Error ? error : new Error(String(error)), pool.origin, false);
  }
  if (connection === undefined || request.caller.gone) {
    pool.release();
    if (connection === undefined) return undefined;
    throw new BearerdError('BEARERD_UPSTREAM_TERMINATED', 'the client has gone');
  }
  const ready = connection;
  const open: Attempt = (_pool, request, resolve, reject) => {
    request.exchange.attempts += 1;
    new Http2Stream(pool, ready, request, resolve, reject).send();
  };
  const once = around === undefined ? open : around(open);
  return new Promise((resolve, reject) => once(pool, request, resolve, reject));
}

/** Turns the events of a stream into a response head and a ResponseBody; waits for the head while it is the upstream's turn. */
class Http2Stream extends Wait {
  readonly #pool: UpstreamPool;
  readonly #connection: Http2Connection;
  readonly #request: UpstreamRequest;
  readonly #resolve: (response: UpstreamResponse) => void;
  readonly #reject: (error: Error) => void;
  readonly #startedMs = performance.now();
  readonly #reused: boolean;
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
    connection.used = true;
    connection.streams += 1;
  }

  /** Opens the stream; calls one of the two, once. */
  send(): void {
    const { body, caller } = this.#request;
    caller.onGone = () => this.#abort(new Error('the client has gone'));
    const fields = http2Fields(this.#request, new URL(this.#pool.origin).host);
    let stream: ClientHttp2Stream;
    try {
      if (body === undefined) stream = this.#connection.session.request(fields, { endStream: true });
      else {
        this.#callOff = new AbortController();
        stream = this.#connection.session.request(fields, { endStream: false, signal: this.#callOff.signal });
      }
    } catch (error) {
      this.#fail(unsent(error));
      return;
    }
    this.#stream = stream;
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
    if (body === undefined) return;
    const upload = body.stream((upstreams) => {
      this.#upstreamsTurn = upstreams;
      this.#watchHead();
    });
    this.#upload = upload;
    upload.once('error', (error) => this.#abort(error));
    upload.pipe(stream);
  }

  override late(limitMs: number): void {
    const detail = `${this.#pool.origin}: no head of an answer within ${limitMs / 1_000} s`;
    this.#abort(new BearerdError('BEARERD_UPSTREAM_RESPONSE_TIMEOUT', detail));
  }

  /** A head before the answer; see ResponseHandler of transport.ts. */
  #informed(status: number, raw: readonly string[]): void {
    this.#informations += 1;
    if (this.#informations > mostInformations) this.#abort(new Error('bad answer: informational heads only'));
    else {
      if (status === 102) this.#pool.headLimit?.extend(this);
      this.#request.onInformation?.(status, fieldLines(raw));
    }
  }

  #answered(status: number, raw: readonly string[], flags: number): void {
    const stream = this.#stream;
    if (this.#over || stream === undefined) return;
    this.#awaitsHead = false;
    this.#watchHead();
    const body = new ResponseBody({
      pause: () => stream.pause(),
      resume: () => {
        stream.setTimeout(this.#pool.idleTimeoutMs);
        stream.resume();
      },
      abort: (reason) => this.#abort(reason),
    });
    this.#body = body;
    const endsHere = (flags & 1) === 1 || status === 204 || status === 304 || this.#request.method === 'HEAD';
    if (endsHere) body.finish([]);
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
    if (this.#body === undefined || this.#body.complete || this.#stream?.isPaused() === true) return;
    const detail = `${this.#pool.origin}: nothing more of the answer within ${this.#pool.idleTimeoutMs / 1_000} s`;
    this.#abort(new BearerdError('BEARERD_UPSTREAM_RESPONSE_TIMEOUT', detail));
  }

  #abort(reason: Error): void {
    this.#fail(reason);
  }

  #fail(error: Error): void {
    if (this.#over) return;
    const unprocessed = this.#stream?.rstCode === refusedStream || error instanceof UnsentError;
    this.#leave(upstreamError(error, this.#pool.origin, this.#reused, unprocessed));
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
      if (failure !== undefined || !stream.writableFinished) this.#reset(stream);
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
