import type { Socket } from 'node:net';
import { BearerdError } from '../errors.ts';
import { lingerBeforeClose } from './linger.ts';
import { problemOf } from './problem.ts';

/**
 * What Node's parser or its timers say about a connection, in words of the catalog.
 * @param headersBytes limit of the header section
 */
export function clientError(error: Error, headersBytes: number): BearerdError {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code === 'HPE_HEADER_OVERFLOW') {
    const detail = `the request header section is longer than ${headersBytes} bytes`;
    return new BearerdError('BEARERD_HEADERS_TOO_LARGE', detail, { cause: error });
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new BearerdError('BEARERD_REQUEST_TIMEOUT', 'the request head was not complete in time', { cause: error });
  }
  // the preface of HTTP/2 (RFC 9113 §3.4), which a client of gRPC sends without asking
  if (code === 'HPE_PAUSED_H2_UPGRADE') {
    const detail = 'HTTP/2 is not spoken here, HTTP/1.1 is; so gRPC cannot be proxied, gRPC-Web can.';
    return new BearerdError('BEARERD_REQUEST_MALFORMED', detail, { cause: error });
  }
  const words = error.message.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 200);
  return new BearerdError('BEARERD_REQUEST_MALFORMED', `the request is not HTTP/1.1: ${words}`, { cause: error });
}

/** Answers on a connection that has no response object, and ends it. */
export function answerSocket(
  socket: Socket,
  error: BearerdError,
  requestId: string,
  method: string,
  instance: string,
): void {
  const problem = problemOf(error, { requestId, method, instance });
  const lines = [`HTTP/1.1 ${problem.status} ${reasons[problem.status] ?? 'Error'}`];
  for (let i = 0; i + 1 < problem.headers.length; i += 2)
    lines.push(`${problem.headers[i]}: ${problem.headers[i + 1]}`);
  lines.push('Connection: close', '', problem.body);
  lingerBeforeClose(socket);
  socket.write(lines.join('\r\n'));
  socket.destroySoon();
}

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};
