import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** The client connections of one listener; with TLS a connection counts from its first byte on, not from the handshake. */
export class Connections {
  /** A set, because an upgrade that is not wanted makes Node report its socket a second time. */
  readonly #open = new Set<Socket>();
  /** The inner side of those whose TLS handshake is over. */
  readonly #secured = new Set<Socket>();

  constructor(server: Server) {
    // for a plain server the second event never comes
    for (const [event, sockets] of [
      ['connection', this.#open],
      ['secureConnection', this.#secured],
    ] as const) {
      server.on(event, (socket: Socket) => {
        if (sockets.has(socket)) return;
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
      });
    }
  }

  get size(): number {
    return this.#open.size;
  }

  /** The TLS handshake of this connection is over. */
  isSecured(socket: Socket): boolean {
    return this.#secured.has(socket);
  }

  /** Ends those that have never carried a byte of HTTP: Node counts them as busy; browsers open such ones ahead of need. */
  endUnused(): void {
    for (const sockets of [this.#open, this.#secured]) {
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
    }
  }

  /** Ends all of them; Node knows only of those that its parser has, not of WebSockets. */
  endAll(): void {
    for (const socket of this.#open) socket.destroy();
  }

  /** Resolves when those that are open now are closed. */
  async closed(): Promise<void> {
    await Promise.all([...this.#open].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
  }
}
