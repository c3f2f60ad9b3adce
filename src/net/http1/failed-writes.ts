import type { Socket } from 'node:net';

/**
 * Lets a connection be read on although nothing can be written to it any more. A server that answers before it has the whole
 * request may close at once (RFC 9112 §9.5, §9.6); Node destroys a socket with its first failed write, and with it the answer
 * that has arrived and was not read yet (nodejs/node#54366). `_write` and `_writev` are what Node's streams document for those
 * who make streams; a failure whose callback is never called ends nothing.
 *
 * @param holds told when the other side has closed; true = that is kept back. The connection is then to be read to its end,
 * which is at hand, and what was written since is not sent. false = it ends the socket as ever.
 */
export function holdFailedWrites(socket: Socket, holds: (error: Error) => boolean): void {
  const { _write: write, _writev: writev } = socket;
  // a stream has one write under way at most, so that no closure is made for each
  let done: (error?: Error | null) => void = () => {};
  const written = (error?: Error | null): void => {
    if (error && hasClosed(error) && holds(error)) return;
    done(error);
  };
  socket._write = (piece, encoding, callback) => {
    done = callback;
    write.call(socket, piece, encoding, written);
  };
  if (writev === undefined) return;
  socket._writev = (pieces, callback) => {
    done = callback;
    writev.call(socket, pieces, written);
  };
}

/** Behind other failures the end of what can be read may be far. */
function hasClosed(error: Error): boolean {
  return 'code' in error && (error.code === 'EPIPE' || error.code === 'ECONNRESET');
}
