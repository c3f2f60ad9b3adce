import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tlsText } from '../support/test-certificates.ts';

/** The part of a tap test that ends what a test started. */
export interface Teardown {
  readonly teardown: (fn: () => unknown) => void;
}

/** What a server in front of an emulator changes. */
export interface Front {
  /** Milliseconds that its clock (Date) is ahead. */
  readonly aheadMs?: number;
  /** Speaks TLS with a certificate of the private CA of test/vectors/tls. */
  readonly secure?: boolean;
}

/** Puts a server before another one; gives its origin. */
export async function startFront(t: Teardown, target: string, { aheadMs = 0, secure = false }: Front): Promise<string> {
  const { origin } = await startServer(t, secure, (incoming, response) => {
    const { method, url, headers } = incoming;
    const onward = request(`${new URL(target).origin}${url}`, { method, headers }, (answer) => {
      const date = new Date(Date.now() + aheadMs).toUTCString();
      response.writeHead(answer.statusCode ?? 502, { ...answer.headers, date });
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    incoming.pipe(onward);
  });
  return origin;
}

/** A server that answers each request, once it has read it, as it is told; stops with the test. */
export async function startServer(
  t: Teardown,
  secure: boolean,
  answer: (incoming: IncomingMessage, response: ServerResponse) => void,
): Promise<{ readonly origin: string; readonly server: Server }> {
  const server = secure
    ? createSecureServer({ cert: tlsText('server.pem'), key: tlsText('server.key') }, answer)
    : createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  // listen() on a TCP port always gives an AddressInfo
  return { origin: `${secure ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

/** An address where nobody listens. */
export async function closedPort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // listen() on a TCP port always gives an AddressInfo
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
