import type { ServerResponse } from 'node:http';
import type { ArrivedRequest } from './arrival.ts';

/**
 * Passes an informational answer (103 Early Hints, 102) on before the final one (RFC 9110 §15.2); HTTP/1.0 clients
 * do not know them. Written to the socket itself, because Node writes only some kinds, and only some of their fields.
 */
export function passInformation(
  request: ArrivedRequest,
  response: ServerResponse,
  status: number,
  rawHeaders: readonly string[],
): void {
  // a pipelined request has no socket until its turn comes, and must not write into the answer before it
  if (request.httpVersion !== '1.1' || response.headersSent || response.socket === null) return;
  const lines = [`HTTP/1.1 ${status} ${status === 103 ? 'Early Hints' : 'Processing'}`];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (/^(connection|keep-alive|transfer-encoding|content-length|upgrade|set-cookie)$/i.test(name)) continue;
    lines.push(`${name}: ${rawHeaders[i + 1] ?? ''}`);
  }
  response.socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}
