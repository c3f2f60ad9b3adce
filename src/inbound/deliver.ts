import type { ServerResponse } from 'node:http';
import type { BodySink } from '../upstream/response-body.ts';
import { responseHeaders, trailerFields } from '../upstream/response-headers.ts';
import type { UpstreamRequest, UpstreamResponse } from '../upstream/round-trip.ts';
import type { Arrival, ArrivedRequest } from './arrival.ts';
import { breakOff } from './break-off.ts';
import { lingerBeforeClose } from './linger.ts';

const emptyChunk = Buffer.alloc(0);

/** Writes the upstream's answer to the client, piece by piece as it comes; the head at once. @throws when it broke off before */
export function deliver(
  request: ArrivedRequest,
  response: ServerResponse,
  arrival: Arrival,
  upstream: UpstreamRequest,
  answer: UpstreamResponse,
): void {
  const { body } = answer;
  if (upstream.caller.gone) {
    body.discard(new Error('the client has gone'));
    return;
  }
  if (body.error !== undefined) throw body.error;
  const chunked = request.httpVersion === '1.1' && request.method !== 'HEAD' && !hasKnownLength(answer);
  const fields = answerFields(request, arrival, answer, chunked);
  const unread = upstream.body !== undefined && !upstream.body.ended;
  if (unread) {
    fields.push('Connection', 'close');
    request.closing = true;
    lingerBeforeClose(request.socket);
  }
  response.sendDate = false;
  response.writeHead(answer.status, answer.statusMessage, fields);
  if (body.complete && body.held.length < 2 && body.trailers.length === 0) {
    if (upstream.body === undefined) request.readNothing();
    else upstream.body.abandon();
    endWith(response, body.held[0]);
    return;
  }
  // an empty piece sends the head: res.flushHeaders() of Node 20 re-encodes bytes above 0x7f (stack trap)
  if (body.held.length === 0) response.write(emptyChunk);
  body.attach(new ClientSink(response, upstream, answer, chunked));
}

/** Bytes up to which one write of head and body is cheaper than two, although the body is copied for it. */
const oneWriteBytes = 16 * 1024;

/**
 * Ends the answer with its only piece: a string that goes out in Node's encoding of the head leaves with it in one write.
 * Written and flushed before end(), which would put an empty piece behind it, and write two.
 */
function endWith(response: ServerResponse, piece: Buffer | undefined): void {
  const { socket } = response;
  if (piece === undefined || piece.length > oneWriteBytes || socket === null || response.chunkedEncoding) {
    response.end(piece);
    return;
  }
  socket.cork();
  response.write(piece.toString('latin1'), 'latin1');
  socket.uncork();
  response.end();
}

/** The answer's fields for the client. */
export function answerFields(
  request: ArrivedRequest,
  arrival: Arrival,
  answer: UpstreamResponse,
  chunked: boolean,
): string[] {
  const { responseRules } = arrival.route;
  const rules = arrival.cors.length === 0 ? responseRules : { ...responseRules, cors: arrival.cors };
  const rawHeaders = answer.status === 204 ? withoutLength(answer.rawHeaders) : answer.rawHeaders;
  // RFC 9112 §3.2.2: an absolute-form target says how the client addressed us, instead of Host
  return responseHeaders(
    rawHeaders,
    rules,
    `${arrival.scheme}://${arrival.authority ?? request.headers.host}`,
    chunked,
  );
}

/** Writes body pieces and keeps the upstream as slow as the client. */
class ClientSink implements BodySink {
  readonly #response: ServerResponse;
  readonly #upstream: UpstreamRequest;
  readonly #answer: UpstreamResponse;
  readonly #chunked: boolean;
  #waiting = false;

  constructor(response: ServerResponse, upstream: UpstreamRequest, answer: UpstreamResponse, chunked: boolean) {
    this.#response = response;
    this.#upstream = upstream;
    this.#answer = answer;
    this.#chunked = chunked;
  }

  write(chunk: Buffer): boolean {
    // it says no to large pieces also when the operating system has taken all of them
    const room = this.#response.write(chunk) || this.#response.writableLength === 0;
    if (!room && !this.#waiting) {
      this.#waiting = true;
      this.#response.once('drain', () => {
        this.#waiting = false;
        this.#answer.body.resume();
      });
    }
    return room;
  }

  end(trailers: readonly string[]): void {
    if (trailers.length > 0 && this.#chunked) this.#response.addTrailers(trailerFields(trailers));
    this.#upstream.body?.abandon();
    this.#response.end();
  }

  fail(): void {
    breakOff(this.#response);
  }
}

/** A 204 has no Content-Length (RFC 9110 §8.6). */
function withoutLength(rawHeaders: readonly string[]): readonly string[] {
  return rawHeaders.filter((_part, index) => !isContentLength(rawHeaders[index - (index % 2)]));
}

function hasKnownLength({ rawHeaders, status }: UpstreamResponse): boolean {
  if (status === 204 || status === 304) return true;
  for (let i = 0; i < rawHeaders.length; i += 2) if (isContentLength(rawHeaders[i])) return true;
  return false;
}

/** The length is looked at first, because most names are another. */
function isContentLength(name: string | undefined): boolean {
  return name?.length === 14 && name.toLowerCase() === 'content-length';
}
