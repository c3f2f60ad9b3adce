import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A request as an upstream saw it. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** An API to stand behind the proxy in tests. */
export interface Upstream {
  readonly url: string;
  readonly port: number;
  readonly seen: Seen[];
  readonly sockets: Set<Socket>;
  readonly server: Server;
  readonly close: () => Promise<void>;
}

/** Answers a request whose body has been read. */
export type Answer = (seen: Seen, response: ServerResponse, count: number) => void;

/** Starts an upstream that reads each request whole, remembers it and lets the test answer. */
export async function startUpstream(answer: Answer = (_seen, response) => response.end('ok')): Promise<Upstream> {
  const seen: Seen[] = [];
  return startRawUpstream((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = {
        method: request.method ?? '',
        url: request.url ?? '',
        rawHeaders: request.rawHeaders,
        headers: request.headers,
        body: Buffer.concat(chunks),
      };
      seen.push(one);
      answer(one, response, seen.length);
    });
  }, seen);
}

/** Starts an upstream whose requests the test reads itself. */
export async function startRawUpstream(
  listener: (request: IncomingMessage, response: ServerResponse) => void,
  seen: Seen[] = [],
): Promise<Upstream> {
  const server = createServer(listener);
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // listen() on a TCP port always gives an AddressInfo
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    seen,
    sockets,
    server,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
