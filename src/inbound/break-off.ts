import type { ServerResponse } from 'node:http';

/**
 * Ends a connection in the middle of an answer, with a reset where there is one: to HTTP/1.0 the end of the connection is
 * the end of the body. Node refuses to reset what is not TCP itself; TLS then ends without a close_notify, by which a
 * client sees that something is missing (RFC 8446 §6.1). Answers that come before it on the connection are not disturbed.
 */
export function breakOff(response: ServerResponse): void {
  const { socket } = response;
  if (socket === null) {
    // its turn has not come; destroying it now would, since Node 24, take the place of its turn and not end the connection
    response.once('socket', (own) => own.destroy());
  } else if ('encrypted' in socket || socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
