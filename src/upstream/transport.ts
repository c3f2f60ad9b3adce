import type { Duplex, Readable } from 'node:stream';
import { BearerdError } from '../errors.ts';
import type { Http1Call, Http1Connection } from '../net/http1/connection.ts';
import { ProtocolError } from '../net/http1/protocol-error.ts';
import type { ResponseHead } from '../net/http1/response-head.ts';
import { Wait } from '../net/time-limit.ts';
import type { UpstreamPool } from '../net/upstream-pool.ts';
import { type Around, type Attempt, admission, mayTryAgain, mostInformations } from './attempts.ts';
import { http2Transport } from './http2-transport.ts';
import { type BodySource, ResponseBody } from './response-body.ts';
import type { RoundTrip, UpstreamRequest, UpstreamResponse } from './round-trip.ts';
import { upstreamError } from './upstream-error.ts';

/**
 * The innermost round trip: one request on a pooled connection, never redirected; over HTTP/2 where the pool offers it.
 * @param around does something besides with each attempt; undefined = nothing
 */
export function transport(pool: UpstreamPool, around?: Around): RoundTrip {
  const http1 = http1Transport(pool, around === undefined ? attempt : around(attempt));
  return pool.http2 === undefined ? http1 : http2Transport(pool, pool.http2, http1, around);
}

function http1Transport(pool: UpstreamPool, once: Attempt): RoundTrip {
  return (request) =>
    new Promise((resolve, reject) => {
      once(pool, request, resolve, (error) => {
        if (mayTryAgain(error, request)) {
          request.exchange.needsNewConnection = true;
          once(pool, request, resolve, reject);
        } else reject(error);
      });
    });
}

function attempt(
  pool: UpstreamPool,
  request: UpstreamRequest,
  resolve: (response: UpstreamResponse) => void,
  reject: (error: Error) => void,
): void {
  const refusal = admission(pool, request);
  if (refusal !== undefined) {
    reject(refusal);
    return;
  }
  const exchange = new Http1Exchange(pool, request, resolve, reject);
  request.caller.onGone = () => exchange.abort(new Error('the client has gone'));
  request.exchange.attempts += 1;
  pool.http1.send(exchange);
}

/**
 * One request and its answer: turns what the connection tells into a response head and a ResponseBody, and waits for the
 * head, and for each piece of the body, while it is the upstream's turn.
 */
class Http1Exchange extends Wait implements Http1Call, BodySource {
  readonly #pool: UpstreamPool;
  readonly #request: UpstreamRequest;
  readonly #resolve: (response: UpstreamResponse) => void;
  readonly #reject: (error: Error) => void;
  readonly #startedMs = performance.now();
  readonly openBody: (() => Readable) | undefined;
  #connection: Http1Connection | undefined;
  #reused = false;
  #upstreamsTurn = true;
  #body: ResponseBody | undefined;
  #informations = 0;
  #paused = false;
  #over = false;

  constructor(
    pool: UpstreamPool,
    request: UpstreamRequest,
    resolve: (response: UpstreamResponse) => void,
    reject: (error: Error) => void,
  ) {
    super();
    this.#pool = pool;
    this.#request = request;
    this.#resolve = resolve;
    this.#reject = reject;
    const { body } = request;
    this.openBody = body === undefined ? undefined : () => body.stream((upstreams) => this.#turn(upstreams));
  }

  get method(): string {
    return this.#request.method;
  }

  get target(): string {
    return this.#request.target;
  }

  get fields(): readonly string[] {
    return this.#request.headers;
  }

  get needsNewConnection(): boolean {
    return this.#request.exchange.needsNewConnection;
  }

  get upgrade(): boolean {
    return this.#request.upgrade;
  }

  override late(limitMs: number): void {
    const missing = this.#body === undefined ? 'no head of an answer' : 'nothing more of the answer';
    const detail = `${this.#pool.origin}: ${missing} within ${limitMs / 1_000} s`;
    this.abort(new BearerdError('BEARERD_UPSTREAM_RESPONSE_TIMEOUT', detail));
  }

  /** Ends the exchange, and with it its connection where it has one. */
  abort(reason: Error): void {
    if (this.#over) return;
    if (this.#connection !== undefined) this.#connection.abort(reason);
    else {
      this.#pool.http1.forget(this);
      this.failed(reason);
    }
  }

  pause(): void {
    if (this.#over) return;
    this.#paused = true;
    this.#connection?.pause();
    this.#pool.idleLimit?.stop(this);
  }

  resume(): void {
    if (this.#over) return;
    this.#paused = false;
    this.#connection?.resume();
    this.#pool.idleLimit?.start(this);
  }

  begun(connection: Http1Connection, reused: boolean): void {
    this.#connection = connection;
    this.#reused = reused;
    this.#watchHead();
  }

  /**
   * A head before the answer; 102 says that the upstream is at work and has its whole time again, 100 that it waits for a
   * body that it gets anyway. Whoever sends them without an end is cut off: they would keep the event loop busy with
   * nothing else.
   */
  informed({ status, fields }: ResponseHead): void {
    this.#informations += 1;
    if (this.#informations > mostInformations) throw new ProtocolError('bad answer: informational heads only');
    if (status === 102) this.#pool.headLimit?.extend(this);
    if (status !== 100) this.#request.onInformation?.(status, fields);
  }

  answered(head: ResponseHead): void {
    if (head.status !== 101) this.#answer(head, new ResponseBody(this), undefined);
    else if (!this.#request.upgrade) throw new ProtocolError('bad answer: 101 was not asked for');
  }

  switched(head: ResponseHead, socket: Duplex): void {
    const body = new ResponseBody(this);
    body.finish([]);
    this.#leave();
    this.#answer(head, body, socket);
  }

  received(piece: Buffer): void {
    this.#body?.push(piece);
  }

  starved(): void {
    if (this.#body !== undefined && !this.#paused) this.#pool.idleLimit?.start(this);
  }

  ended(trailers: readonly string[]): void {
    this.#leave();
    this.#body?.finish(trailers);
  }

  failed(error: Error): void {
    if (this.#over) return;
    this.#leave();
    const failure = upstreamError(error, this.#pool.origin, this.#reused);
    if (this.#body === undefined) this.#reject(failure);
    else this.#body.fail(failure);
  }

  #answer({ status, reason, fields }: ResponseHead, body: ResponseBody, switched: Duplex | undefined): void {
    this.#pool.headLimit?.stop(this);
    this.#body = body;
    this.#request.exchange.upstreamMs += performance.now() - this.#startedMs;
    this.#resolve({ status, statusMessage: reason, rawHeaders: fields, body, switched });
  }

  /** The request body has given the upstream something to do, or waits for the client. */
  #turn(upstreams: boolean): void {
    this.#upstreamsTurn = upstreams;
    this.#watchHead();
  }

  #watchHead(): void {
    if (this.#over || this.#body !== undefined) return;
    if (this.#upstreamsTurn) this.#pool.headLimit?.start(this);
    else this.#pool.headLimit?.stop(this);
  }

  #leave(): void {
    this.#over = true;
    // it waits for one of the two at most
    (this.#body === undefined ? this.#pool.headLimit : this.#pool.idleLimit)?.stop(this);
    this.#pool.release();
    this.#request.caller.onGone = undefined;
  }
}
