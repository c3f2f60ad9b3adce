import { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ArrivedRequest } from './arrival.ts';
import { endOnError } from './left-socket.ts';
import { lingerBeforeClose } from './linger.ts';

/**
 * The request asks for a WebSocket (RFC 6455 §4.1); other protocols are not switched to (RFC 9110 §7.8). A handshake has no body:
 * a request with one is forwarded as a request, because what comes behind its head would be taken for the body and for frames.
 */
export function isWebSocketUpgrade(request: ArrivedRequest): boolean {
  const { method, httpVersion, headers } = request;
  const { upgrade, 'content-length': length = '0', 'transfer-encoding': coding } = headers;
  return (
    method === 'GET' &&
    httpVersion === '1.1' &&
    upgrade?.trim().toLowerCase() === 'websocket' &&
    length === '0' &&
    coding === undefined
  );
}

/** A response object on the socket of an upgrade, so that a refused handshake is answered like any other request. */
export function responseOn(request: ArrivedRequest, socket: Socket): ServerResponse<ArrivedRequest> {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  lingerBeforeClose(socket);
  response.on('finish', () => socket.destroySoon());
  // the end of the socket ends the response too
  endOnError(socket);
  return response;
}

/**
 * Gives an upgrade that nobody wants back to the HTTP parser, as the request without Upgrade that it also is.
 * Node has taken it out of the parser, because that cannot tell WebSockets from h2c (curl --http2).
 */
export function withoutUpgrade(request: ArrivedRequest, socket: Socket, head: Buffer): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let i = 0; i + 1 < request.rawHeaders.length; i += 2) {
    const name = request.rawHeaders[i] ?? '';
    const value = request.rawHeaders[i + 1] ?? '';
    if (/^(upgrade|http2-settings)$/i.test(name)) continue;
    const options = /^connection$/i.test(name)
      ? value.replace(/\b(upgrade|http2-settings)\b/gi, '').replace(/^[\s,]+|[\s,]+$|,(?=\s*,)/g, '')
      : value;
    if (options !== '' || value === '') lines.push(`${name}: ${options}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
}

/**
 * Joins the two connections after a 101: bytes are passed, not parsed, each side as slow as the other.
 * @param head what the client has sent already
 * @param fields of the 101, flat
 * @param over called once when both have ended
 */
export function tunnel(
  client: Socket,
  head: Buffer,
  upstream: Duplex,
  fields: readonly string[],
  over: () => void,
): void {
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket'];
  for (let i = 0; i + 1 < fields.length; i += 2) lines.push(`${fields[i]}: ${fields[i + 1]}`);
  client.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  if (head.length > 0) upstream.write(head);
  client.setNoDelay(true);
  client.pipe(upstream);
  upstream.pipe(client);
  client.setTimeout(0);
  endTogether(client, upstream);
  endTogether(upstream, client);
  client.once('close', over);
}

/** Milliseconds that one side has for its own end once the other is closed and everything has been written. */
const farewellMs = 2_000;

/** Ends a side with the other one, in order: what is still to be written goes first, a close frame above all. */
function endTogether(side: Duplex, other: Duplex): void {
  side.on('error', () => other.destroy());
  side.on('close', () => {
    if (other.destroyed) return;
    if (!side.readableEnded) other.destroy();
    else if (other.writableFinished) leaveSoon(other);
    else other.once('finish', () => leaveSoon(other)).end();
  });
}

function leaveSoon(side: Duplex): void {
  const timer = setTimeout(() => side.destroy(), farewellMs);
  side.once('close', () => clearTimeout(timer));
  side.resume();
}
