import type { Socket } from 'node:net';

/** Milliseconds that a client may go on sending a body that nobody wants, so that it sees the answer first. */
const lingerMs = 2_000;

/**
 * Node ends a connection whose request was not read whole by closing it, and unread bytes turn the close into a reset
 * that can take the answer away (RFC 9112 §9.6): send our end first, read on for a while, then close.
 */
export function lingerBeforeClose(socket: Socket): void {
  socket.destroySoon = () => {
    socket.end();
    const timer = setTimeout(() => socket.destroy(), lingerMs);
    socket.once('close', () => clearTimeout(timer));
  };
}
