import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { PerformanceObserver } from 'node:perf_hooks';
import { createSecureContext, type TLSSocket } from 'node:tls';
import t from 'tap';
import { type Connect, type ConnectOptions, directConnector } from '../../src/net/direct-connection.ts';
import { startTcp } from '../support/tcp.ts';
import { tlsText } from '../support/test-certificates.ts';

const settings = {
  timeoutMs: 5_000,
  insecureSkipVerify: undefined,
  serverName: undefined,
  context: undefined,
  http2: false,
};

function open(connect: Connect, options: ConnectOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    connect(options, (error, socket) => (error === null ? resolve(socket) : reject(error)));
  });
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  t.test(`RFC 8446 §2.2: a session is taken up again, ${version}`, async (t) => {
    const server = createServer({
      cert: tlsText('server.pem'),
      key: tlsText('server.key'),
      maxVersion: version,
    }).on('secureConnection', (socket) => socket.write('x'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.teardown(() => server.close());
    // A server that listens on TCP has such an address.
    const to = { protocol: 'https:', hostname: '127.0.0.1', port: String((server.address() as AddressInfo).port) };
    const connect = directConnector({ ...settings, context: createSecureContext({ ca: tlsText('ca.pem') }) });
    const reused: boolean[] = [];
    for (let i = 0; i < 3; i += 1) {
      const socket = (await open(connect, to)) as TLSSocket; // for https
      t.ok(socket.authorized);
      reused.push(socket.isSessionReused());
      // with it comes the session of TLS 1.3
      await new Promise((resolve) => socket.once('data', resolve));
      await new Promise((resolve) => socket.once('close', resolve).destroy());
    }
    t.same(reused, [false, true, true]);
  });
}

t.test('who does not finish the handshake in time: ETIMEDOUT, and the connection is closed', async (t) => {
  const silent = await startTcp((socket) => socket.resume());
  t.teardown(silent.close);
  const { hostname, port } = new URL(silent.url);
  const connect = directConnector({ ...settings, timeoutMs: 100 });
  await t.rejects(open(connect, { protocol: 'https:', hostname, port }), {
    code: 'ETIMEDOUT',
    message: /no connection within 0\.1 s/,
  });
});

t.test('a way to the server that is closed during the handshake is told once', async (t) => {
  const silent = await startTcp((socket) => socket.resume());
  t.teardown(silent.close);
  const { hostname, port } = new URL(silent.url);
  const connect = directConnector(settings);
  const way = await open(connect, { protocol: 'http:', hostname, port });
  const told: unknown[] = [];
  await new Promise<void>((resolve) => {
    connect({ protocol: 'https:', hostname, port, httpSocket: way }, (...[error]) => {
      told.push(error);
      setTimeout(resolve, 50);
    });
    way.destroy();
  });
  t.match(told, [{ code: 'ECONNRESET' }]);
});

t.test('connections that are opened at the same time look the name up once', async (t) => {
  const server = await startTcp((socket) => socket.resume());
  t.teardown(server.close);
  const { port } = new URL(server.url);
  let lookups = 0;
  const observer = new PerformanceObserver((list) => {
    lookups += list.getEntriesByName('lookup', 'dns').length;
  });
  observer.observe({ entryTypes: ['dns'] });
  t.teardown(() => observer.disconnect());
  const connectors = [directConnector(settings), directConnector(settings)];
  const to = { protocol: 'http:', hostname: 'localhost', port };
  const sockets = await Promise.all(connectors.flatMap((connect) => [open(connect, to), open(connect, to)]));
  for (const socket of sockets) socket.destroy();
  // what the observer is told comes a turn later
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(lookups, 1);
});
