import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** A server of bytes, for upstreams that no HTTP server would be. */
export interface TcpServer {
  readonly port: number;
  readonly url: string;
  /** Connections ever made. */
  connections: number;
  readonly sockets: Set<Socket>;
  readonly close: () => Promise<void>;
}

/** Starts a server on loopback that hands each connection to the test; `nth` counts from 1. */
export async function startTcp(
  onConnection: (socket: Socket, nth: number) => void,
  tls?: TlsOptions,
): Promise<TcpServer> {
  const server: Server = tls === undefined ? createServer() : createTlsServer(tls);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // listen() on a TCP port always gives an AddressInfo
  const { port } = server.address() as AddressInfo;
  const started: TcpServer = {
    port,
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    connections: 0,
    sockets: new Set(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of started.sockets) socket.destroy();
      }),
  };
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    started.connections += 1;
    started.sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => started.sockets.delete(socket));
    onConnection(socket, started.connections);
  });
  return started;
}

/** Calls back with each request head (without a body) that arrives on a connection. */
export function onHead(socket: Socket, answer: (head: string, nth: number) => void): void {
  let text = '';
  let nth = 0;
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
      const head = text.slice(0, end);
      text = text.slice(end + 4);
      nth += 1;
      answer(head, nth);
    }
  });
}

/** A client's connection on which the test writes and reads bytes. */
export class RawClient {
  readonly socket: Socket;
  /** Everything received, latin1. */
  text = '';
  /** How the connection ended. */
  ending: 'open' | 'end' | 'reset' = 'open';
  readonly closed: Promise<void>;
  #changed: () => void = () => {};

  /** @param where a port, the path of a Unix socket, or a connection that has been made already */
  constructor(where: number | string | Socket) {
    if (where instanceof Socket) this.socket = where;
    else this.socket = typeof where === 'string' ? connect(where) : connect(where, '127.0.0.1');
    this.socket.on('data', (chunk) => {
      this.text += chunk.toString('latin1');
      this.#changed();
    });
    this.socket.on('end', () => {
      this.ending = typeof where !== 'string' && endsByReset(this.socket) ? 'reset' : 'end';
    });
    this.socket.on('error', () => {
      this.ending = 'reset';
    });
    this.closed = new Promise((resolve) => {
      this.socket.on('close', () => {
        this.#changed();
        resolve();
      });
    });
  }

  write(text: string | Buffer): void {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  }

  /** Waits until what was received matches; rejects when the connection ends or 20 s pass before. */
  async until(pattern: RegExp): Promise<string> {
    const deadline = Date.now() + 20_000;
    while (!pattern.test(this.text)) {
      if (this.socket.destroyed) throw new Error(`closed before ${pattern}: ${JSON.stringify(this.text.slice(-300))}`);
      const leftMs = deadline - Date.now();
      if (leftMs <= 0) throw new Error(`no ${pattern} within 20 s in ${JSON.stringify(this.text.slice(-300))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#changed = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.text;
  }
}

/**
 * Whether an end of a TCP connection is a reset: one that comes together with the last bytes is told as an end, as happens
 * on a busy machine, but the connection has no other side any more.
 */
export function endsByReset(socket: Socket): boolean {
  return !('encrypted' in socket) && !socket.writableEnded && socket.remoteAddress === undefined;
}

/** Waits until something is true; rejects after `withinMs`. */
export async function eventually(holds: () => boolean, what: string, withinMs = 20_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits until a number has left zero and then stands still for 300 ms; rejects after 20 s. */
export async function quiet(value: () => number): Promise<void> {
  let [last, sinceMs] = [0, Date.now()];
  const still = (): boolean => {
    if (value() !== last) [last, sinceMs] = [value(), Date.now()];
    return last > 0 && Date.now() - sinceMs >= 300;
  };
  await eventually(still, 'nothing moves any more', 20_000);
}

/** Real time, for what only time can show. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The field lines of a raw head: lower-case name and value, in order. */
export function fieldsOf(head: string): [string, string][] {
  return head
    .replace(/\r\n\r\n[\s\S]*/, '')
    .split('\r\n')
    .slice(1)
    .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]);
}
