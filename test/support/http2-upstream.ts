import {
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tlsText } from './test-certificates.ts';

/** A request as an HTTP/2 upstream sees it. */
export interface Http2Seen {
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  /** How many there were on all connections, this one included. */
  readonly count: number;
}

/** An API that speaks HTTP/2, behind the test authority. */
export interface Http2Upstream {
  readonly url: string;
  readonly server: Http2SecureServer;
  /** Every connection that was made, open or not. */
  readonly sessions: ServerHttp2Session[];
  /** What it was asked. */
  readonly seen: Http2Seen[];
  readonly close: () => Promise<void>;
}

/** Starts one on loopback; the test answers on the stream. */
export async function startHttp2(
  answer: (stream: ServerHttp2Stream, seen: Http2Seen) => void,
  options: SecureServerOptions = {},
): Promise<Http2Upstream> {
  const server = createSecureServer({ cert: tlsText('server.pem'), key: tlsText('server.key'), ...options });
  const sessions: ServerHttp2Session[] = [];
  const seen: Http2Seen[] = [];
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => {});
  });
  server.on('stream', (stream, headers, _flags, rawHeaders: string[] = []) => {
    stream.on('error', () => {});
    const one = { headers, rawHeaders, count: seen.length + 1 };
    seen.push(one);
    answer(stream, one);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // a server that listens on TCP has such an address
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}`,
    server,
    sessions,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const session of sessions) session.destroy();
      }),
  };
}

/** Reads the request body whole. */
export function bodyOf(stream: ServerHttp2Stream): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => resolve(Buffer.concat(chunks)));
  });
}
