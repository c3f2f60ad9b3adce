import { createServer } from 'node:net';
import type { RouteConfig } from '../../src/config/config.ts';
import { defaultRoute, startProxy } from '../support/proxy.ts';

/** A proxy that the cases run against: `/` leads to the upstream, `/p` to its `/base`, `/self` back, `/down` nowhere. */
export interface Subject {
  readonly name: string;
  readonly port: number;
  readonly stop: () => Promise<void>;
}

/** Milliseconds that an upstream may take for its head, or between two pieces of its body. */
export const patienceMs = 700;

/** A port that nobody listens on, at least just now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** bearerd in this process, set as the cases expect it. */
export async function startBearerdSubject(upstreamPort: number): Promise<Subject> {
  const port = await freePort();
  const upstream = `http://127.0.0.1:${upstreamPort}`;
  const route = (name: string, path: string, to: string): RouteConfig => ({
    ...defaultRoute,
    name,
    path,
    upstream: to,
    timeouts: { connect: patienceMs, headers: patienceMs, idle: patienceMs },
  });
  const proxy = await startProxy(upstream, {
    config: {
      listen: [{ kind: 'tcp', host: '127.0.0.1', port }],
      guard: { allowedHosts: ['localhost', '127.0.0.1', '[::1]'], allowedOrigins: ['http://app.example'] },
      limits: {
        headersTimeout: 500,
        headersSize: 16 * 1024,
        headersCount: 200,
        connections: 10_000,
        upstreamConnections: 256,
        queue: 1000,
      },
      routes: [
        route('api', '/', upstream),
        route('prefixed', '/p', `${upstream}/base`),
        route('self', '/self', `http://127.0.0.1:${port}/self`),
        route('down', '/down', `http://127.0.0.1:${await freePort()}`),
      ],
    },
  });
  return { name: 'bearerd', port, stop: proxy.stop };
}
