import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { WebSocket, type WebSocketOptions, WebSocketServer } from 'ws';

/** A WebSocket API to stand behind the proxy. */
export interface WebSocketUpstream {
  readonly url: string;
  readonly server: WebSocketServer;
  /** The handshakes that were accepted. */
  readonly handshakes: IncomingMessage[];
  readonly close: () => Promise<void>;
}

type ServerOptions = ConstructorParameters<typeof WebSocketServer>[0];

/** Starts an API that hands each WebSocket to the test. */
export async function startWebSocketUpstream(
  onSocket: (socket: WebSocket, request: IncomingMessage) => void,
  options: Omit<ServerOptions, 'server'> = {},
  tls?: TlsOptions,
): Promise<WebSocketUpstream> {
  const http = tls === undefined ? createServer() : createTlsServer(tls);
  const server = new WebSocketServer({ ...options, server: http });
  const handshakes: IncomingMessage[] = [];
  server.on('connection', (socket, request) => {
    handshakes.push(request);
    socket.on('error', () => {});
    onSocket(socket, request);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  // listen() on a TCP port always gives an AddressInfo
  const { port } = http.address() as AddressInfo;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    server,
    handshakes,
    close: () =>
      new Promise((resolve) => {
        for (const socket of server.clients) socket.terminate();
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
}

/** How a WebSocket ended. */
export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A WebSocket through the proxy, with everything that it receives. */
export interface Dialled {
  readonly socket: WebSocket;
  readonly messages: Buffer[];
  /** Resolves with the n-th message (from 0). */
  readonly message: (n: number) => Promise<Buffer>;
  readonly closed: Promise<Closed>;
}

/** Opens a WebSocket through a proxy; rejects with the status where the handshake is refused. */
export async function dial(
  proxyPort: number,
  path = '/ws',
  protocols: readonly string[] = [],
  options: WebSocketOptions = {},
): Promise<Dialled> {
  const socket = new WebSocket(`ws://127.0.0.1:${proxyPort}${path}`, protocols, {
    perMessageDeflate: false,
    ...options,
  });
  const messages: Buffer[] = [];
  const waiting = new Set<() => void>();
  socket.on('message', (data) => {
    messages.push(data);
    for (const look of waiting) look();
  });
  const closed = new Promise<Closed>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  await new Promise<void>((resolve, reject) => {
    socket.on('open', resolve);
    socket.on('error', reject);
    socket.on('unexpected-response', (_request, response) => {
      response.resume();
      reject(new Refused(response.statusCode ?? 0, response.headers['www-authenticate']));
    });
  });
  const message = (n: number): Promise<Buffer> =>
    new Promise((resolve) => {
      const look = () => {
        const found = messages[n];
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  return { socket, messages, message, closed };
}

/** The handshake was answered with another status than 101. */
export class Refused extends Error {
  readonly status: number;
  readonly challenge: string | undefined;

  constructor(status: number, challenge: string | undefined) {
    super(`the handshake was answered with ${status}`);
    this.status = status;
    this.challenge = challenge;
  }
}

/** The status of a refused handshake; 101 where it was accepted. */
export async function handshakeStatus(dialling: Promise<Dialled>): Promise<number> {
  try {
    const { socket } = await dialling;
    socket.terminate();
    return 101;
  } catch (error) {
    if (error instanceof Refused) return error.status;
    throw error;
  }
}
