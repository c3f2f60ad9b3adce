import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A name whose address changes: what comes in goes to the port that is named last (DNS rebinding, seen from a browser). */
export class Rebinding {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;
  readonly #leadsTo: { port: number };

  private constructor(server: Server, sockets: Set<Socket>, leadsTo: { port: number }) {
    this.#server = server;
    this.#sockets = sockets;
    this.#leadsTo = leadsTo;
    // listen() on a TCP port always gives an AddressInfo
    this.port = (server.address() as AddressInfo).port;
  }

  static async start(port: number): Promise<Rebinding> {
    const sockets = new Set<Socket>();
    const leadsTo = { port };
    const server = createServer((socket) => {
      const onward = connect(leadsTo.port, '127.0.0.1');
      sockets.add(socket);
      for (const [from, to] of [[socket, onward] as const, [onward, socket] as const]) {
        from.pipe(to);
        from.on('error', () => to.destroy());
        from.on('close', () => to.destroy());
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Rebinding(server, sockets, leadsTo);
  }

  /** From now on the name means another port; connections that are open are closed. */
  to(port: number): void {
    this.#leadsTo.port = port;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  close(): void {
    this.to(0);
    this.#server.close();
  }
}
