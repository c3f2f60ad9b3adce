import type { Socket } from 'node:net';

/** Bytes that are kept of what a client sends before it is answered. */
const earlyBytes = 64 * 1024;

/**
 * Reads on while a socket that has left HTTP waits for its answer, because only a reader learns that the client has left, and then
 * ends it.
 * @param head what the client has sent already
 * @returns stops that and hands over what has come
 */
export function holdEarly(socket: Socket, head: Buffer): () => Buffer {
  const held = [head];
  let bytes = head.length;
  const keep = (chunk: Buffer): void => {
    held.push(chunk);
    bytes += chunk.length;
    if (bytes > earlyBytes) socket.pause();
  };
  const leave = (): void => {
    socket.destroy();
  };
  socket.on('data', keep).on('end', leave);
  return () => {
    socket.off('data', keep).off('end', leave);
    return Buffer.concat(held);
  };
}

/** Ends a socket that has left HTTP when it fails: Node has taken its own listener away, and an error that nobody hears ends the process. */
export function endOnError(socket: Socket): void {
  // one listener, however often a connection comes here
  socket.off('error', end).on('error', end);
}

function end(this: Socket): void {
  this.destroy();
}
