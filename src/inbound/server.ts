import { createServer as createPlainServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { certificateOptions, type ServerTls, serverOptions } from '../net/server-tls.ts';
import type { ListenerResponse } from './answer-order.ts';
import { ArrivedRequest } from './arrival.ts';
import { isWebSocketUpgrade } from './websocket.ts';

/** How the server of a listener is made. */
export interface ServerSettings {
  /** Milliseconds to the end of the request head, and of a handshake. */
  readonly headersTimeoutMs: number;
  /** Bytes of the header section. */
  readonly headersBytes: number;
  /** undefined = plain HTTP. */
  readonly tls: ServerTls | undefined;
}

/** Newer Node asks before it takes a request out of the parser; older Node ignores the option, and the listener gives it back. */
const onlyWebSockets: object = { shouldUpgradeCallback: isWebSocketUpgrade };

/** Makes the HTTP/1.1 server of a listener, with TLS or without. */
export function createServer(
  settings: ServerSettings,
  serve: (request: ArrivedRequest, response: ListenerResponse) => void,
): Server {
  const { headersTimeoutMs, headersBytes, tls } = settings;
  const options: ServerOptions<typeof ArrivedRequest> = {
    IncomingMessage: ArrivedRequest,
    maxHeaderSize: headersBytes,
    headersTimeout: headersTimeoutMs,
    requestTimeout: 0,
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: 75_000,
    // the guard answers it, in the words of the catalog
    requireHostHeader: false,
    ...onlyWebSockets,
  };
  const server =
    tls === undefined
      ? createPlainServer(options, serve)
      : createTlsServer({ ...options, ...serverOptions(tls, headersTimeoutMs) }, serve);
  // Node would drop the lines beyond its own limit without a word; ours is answered with 431
  server.maxHeadersCount = 0;
  // RFC 9110 §10.1.1: an expectation that is not known may be ignored; Node would answer with a bare 417
  server.on('checkExpectation', serve);
  return server;
}

/** Shows other certificates from the next connection on; those that are open stay. */
export function exchangeCertificate(server: Server, tls: ServerTls): void {
  if (server instanceof TlsServer) server.setSecureContext(certificateOptions(tls));
}

/** Gives a connection (for TLS: what is inside) back to the server's parser. */
export function serveAgain(server: Server, socket: Socket): void {
  server.emit(server instanceof TlsServer ? 'secureConnection' : 'connection', socket);
}
