import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import { BearerdError } from '../errors.ts';
import { HeadWait } from '../net/head-limit.ts';
import type { UpstreamPool } from '../net/upstream-pool.ts';
import { type Around, type Attempt, admission, mayTryAgain, mostInformations } from './attempts.ts';
import { http2Transport } from './http2-transport.ts';
import { ResponseBody } from './response-body.ts';
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
        if (mayTryAgain(error, request)) once(pool, request, resolve, reject);
        else reject(error);
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
  const handler = new ResponseHandler(pool, request, resolve, reject);
  request.caller.onGone = () => handler.abort(new Error('the client has gone'));
  request.exchange.attempts += 1;
  if (request.target === '*') asAsterisk(() => dispatch(pool, request, '/', handler));
  else dispatch(pool, request, request.target, handler);
}

function dispatch(pool: UpstreamPool, request: UpstreamRequest, path: string, handler: ResponseHandler): void {
  pool.dispatcher.dispatch(
    {
      origin: pool.origin,
      path,
      // undici's type lists the methods of RFC 9110; it sends any that is a token
      method: request.method as Dispatcher.HttpMethod,
      headers: request.headers,
      body: request.body?.stream((upstreams) => handler.turn(upstreams)) ?? null,
      upgrade: request.upgrade ? 'websocket' : null,
    },
    handler,
  );
}

/** undici takes no asterisk-form (RFC 9112 §3.2.4), but shows each request that it makes, before it is written. */
function asAsterisk(send: () => void): void {
  const name = 'undici:request:create';
  const rewrite = (message: unknown): void => {
    // the channel's documented message: { request }, with the path as a plain property
    (message as { request: { path: string } }).request.path = '*';
  };
  subscribe(name, rewrite);
  try {
    send();
  } finally {
    unsubscribe(name, rewrite);
  }
}

/** Turns undici's calls into a response head and a ResponseBody; waits for the head while it is the upstream's turn. */
class ResponseHandler extends HeadWait implements Dispatcher.DispatchHandler {
  readonly #pool: UpstreamPool;
  readonly #request: UpstreamRequest;
  readonly #resolve: (response: UpstreamResponse) => void;
  readonly #reject: (error: Error) => void;
  readonly #startedMs = performance.now();
  #controller: Dispatcher.DispatchController | undefined;
  #aborted: Error | undefined;
  #awaitsHead = false;
  #upstreamsTurn = true;
  #body: ResponseBody | undefined;
  #reused = false;
  #informations = 0;

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
  }

  /** The request body has given the upstream something to do, or waits for the client. */
  turn(upstreams: boolean): void {
    this.#upstreamsTurn = upstreams;
    this.#watchHead();
  }

  override late(limitMs: number): void {
    const detail = `${this.#pool.origin}: no head of an answer within ${limitMs / 1_000} s`;
    this.abort(new BearerdError('BEARERD_UPSTREAM_RESPONSE_TIMEOUT', detail));
  }

  /** Ends the exchange; before a connection is there, as soon as it is. */
  abort(reason: Error): void {
    this.#aborted = reason;
    this.#controller?.abort(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#pool.begin();
    this.#reused = !this.#pool.connecting;
    this.#awaitsHead = true;
    this.#watchHead();
    if (this.#aborted !== undefined) controller.abort(this.#aborted);
  }

  onRequestUpgrade(controller: Dispatcher.DispatchController, status: number, _headers: unknown, socket: Duplex): void {
    this.#leave();
    const body = new ResponseBody(controller);
    body.finish([]);
    this.#answer(controller, status, '', body, socket);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    statusMessage?: string,
  ): void {
    if (status < 200) {
      this.#informed(controller, status);
      return;
    }
    if (hasForeignCoding(controller)) {
      controller.abort(new Error('bad Transfer-Encoding: only chunked can be taken off'));
      return;
    }
    this.#body = new ResponseBody(controller);
    this.#answer(controller, status, statusMessage ?? '', this.#body, undefined);
    // such an answer is its head; undici would wait for the bytes that Content-Length speaks of, and call it broken
    if (status === 204 || status === 304 || this.#request.method === 'HEAD') this.#body.finish([]);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#body?.push(chunk);
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    // undici takes a reset for the end of a body that is delimited by the close (stack trap)
    if (this.#pool.resetting) {
      this.#fail(new Error('the upstream reset the connection in the middle of its answer'));
      return;
    }
    this.#leave();
    // like rawHeaders: Buffers on HTTP/1.1
    if (this.#body?.complete === false) this.#body.finish((controller.rawTrailers ?? []) as Buffer[]);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(error);
  }

  /**
   * A head before the answer; 102 says that the upstream is at work and has its whole time again. Whoever sends them
   * without an end is cut off: they would keep the event loop busy with nothing else.
   */
  #informed(controller: Dispatcher.DispatchController, status: number): void {
    this.#informations += 1;
    if (status < 100) controller.abort(new Error(`bad status ${status}`));
    else if (this.#informations > mostInformations) controller.abort(new Error('bad answer: informational heads only'));
    else {
      if (status === 102) this.#pool.headLimit?.extend(this);
      this.#request.onInformation?.(status, rawHeadersOf(controller));
    }
  }

  #answer(
    controller: Dispatcher.DispatchController,
    status: number,
    statusMessage: string,
    body: ResponseBody,
    switched: Duplex | undefined,
  ): void {
    this.#stopWaiting();
    this.#request.exchange.upstreamMs += performance.now() - this.#startedMs;
    this.#resolve({ status, statusMessage, rawHeaders: rawHeadersOf(controller), body, switched });
  }

  #fail(error: Error): void {
    this.#stopWaiting();
    this.#leave();
    const failure = upstreamError(error, this.#pool.origin, this.#reused);
    if (this.#body === undefined) this.#reject(failure);
    else if (!this.#body.complete) this.#body.fail(failure);
  }

  #stopWaiting(): void {
    this.#awaitsHead = false;
    this.#watchHead();
  }

  #watchHead(): void {
    if (this.#awaitsHead && this.#upstreamsTurn) this.#pool.headLimit?.start(this);
    else this.#pool.headLimit?.stop(this);
  }

  #leave(): void {
    this.#pool.release(this.#controller !== undefined);
    this.#request.caller.onGone = undefined;
  }
}

/** undici hands over the lines that it parsed: always Buffers on HTTP/1.1. */
function rawHeadersOf(controller: Dispatcher.DispatchController): Buffer[] {
  return (controller.rawHeaders ?? []) as Buffer[];
}

/** A transfer coding besides chunked: the bytes would go on in that coding, and nothing would say so (RFC 9112 §6.1). */
function hasForeignCoding(controller: Dispatcher.DispatchController): boolean {
  const raw = rawHeadersOf(controller);
  for (let i = 0; i + 1 < raw.length; i += 2) {
    if (raw[i]?.length !== 17 || raw[i]?.toString('latin1').toLowerCase() !== 'transfer-encoding') continue;
    if (raw[i + 1]?.toString('latin1').trim().toLowerCase() !== 'chunked') return true;
  }
  return false;
}
