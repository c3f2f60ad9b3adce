import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import t, { type Test } from 'tap';
import type { ListenAddress, ListenTls } from '../../src/config/config.ts';
import { Secret } from '../../src/config/secret.ts';
import { loopback } from '../support/certificates.ts';
import { startProxy, type TestProxy } from '../support/proxy.ts';
import { eventually, onHead, RawClient, startTcp } from '../support/tcp.ts';
import { tlsText } from '../support/test-certificates.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

// Issue 9: a TLS listener, for pods that must not speak plain text.

const secret = (value: string) => new Secret({ kind: 'value', value });
const server: ListenTls = { cert: tlsText('server.pem'), key: secret(tlsText('server.key')) };
const other: ListenTls = { cert: loopback.cert, key: secret(loopback.key) };
const on = (tls: ListenTls | undefined, port = 0): ListenAddress => ({ kind: 'tcp', host: '127.0.0.1', port, tls });
const trusted = { ca: [tlsText('ca.pem'), loopback.cert] };
const mine = { cert: tlsText('client.pem'), key: tlsText('client.key') };

/** A TLS connection to the proxy whose handshake is over; rejects when that is refused. */
async function handshake({ port }: TestProxy, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', ...trusted, ...options });
  await once(socket, 'secureConnect');
  return socket;
}

/** One request on a connection of its own. */
async function call(proxy: TestProxy, fields: readonly string[] = [], options?: ConnectionOptions): Promise<string> {
  const client = new RawClient(await handshake(proxy, options));
  client.write(['GET /a HTTP/1.1', 'Connection: close', ...fields, '\r\n'].join('\r\n'));
  await client.closed;
  return client.text;
}

async function setUp(t: Test, tls: ListenTls, answer?: Parameters<typeof startUpstream>[0]) {
  const upstream: Upstream = await startUpstream(answer);
  const proxy = await startProxy(upstream.url, { config: { listen: [on(tls)], drainTimeout: 200 } });
  t.teardown(async () => {
    await proxy.stop();
    await upstream.close();
  });
  return { upstream, proxy };
}

t.test('HTTPS in the words of HTTPS: URL, places, cookies, origins, absolute-form', async (t) => {
  const { proxy } = await setUp(t, server, (seen, response) => {
    response.setHeader('set-cookie', 'a=b; Secure; Path=/');
    response.writeHead(201, { location: `http://${seen.headers.host}/made` }).end('made');
  });
  t.match(proxy.url, /^https:\/\/127\.0\.0\.1:\d+$/);
  const host = `Host: localhost:${proxy.port}`;
  const answer = await call(proxy, [host, `Origin: https://localhost:${proxy.port}`]);
  t.match(answer, /^HTTP\/1\.1 201 /);
  t.match(answer, `\r\nlocation: https://localhost:${proxy.port}/made\r\n`);
  t.match(answer, 'set-cookie: a=b; Secure; Path=/\r\n');
  t.match(await call(proxy, [host, `Origin: http://localhost:${proxy.port}`]), /^HTTP\/1\.1 403 /, 'plain is foreign');
  t.match(await call(proxy, ['Host: evil.example']), /^HTTP\/1\.1 421 /);
  for (const [scheme, status] of [
    ['https', 201],
    ['http', 421],
  ] as const) {
    const client = new RawClient(await handshake(proxy));
    client.write(`GET ${scheme}://localhost/a HTTP/1.1\r\n${host}\r\nConnection: close\r\n\r\n`);
    await client.closed;
    t.match(client.text, new RegExp(`^HTTP/1\\.1 ${status} `), scheme);
  }
});

t.test('TLS 1.2 is the oldest version, HTTP/1.1 the only protocol, and nobody is served in plain text', async (t) => {
  const { proxy, upstream } = await setUp(t, server);
  t.match(await call(proxy, ['Host: localhost'], { maxVersion: 'TLSv1.2' }), /^HTTP\/1\.1 200 /);
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  await t.rejects(handshake(proxy, old));
  await t.rejects(handshake(proxy, { ALPNProtocols: ['h2'] }), { code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL' });
  const plain = new RawClient(proxy.port);
  plain.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await plain.closed;
  t.equal(plain.text, '');
  t.equal(upstream.seen.length, 1);
  const refused = () => proxy.output.records().filter(({ event }) => event === 'tls_refused');
  await eventually(() => refused().length === 3, 'each refused handshake is in the log');
  t.match(refused().at(-1), { code: 'ERR_SSL_HTTP_REQUEST' });
});

t.test('clientCa: only callers with a certificate of that authority are served', async (t) => {
  const { proxy, upstream } = await setUp(t, { ...server, clientCa: [tlsText('ca.pem')] });
  t.match(await call(proxy, ['Host: localhost'], mine), /^HTTP\/1\.1 200 /);
  for (const stranger of [{}, { cert: loopback.cert, key: loopback.key }]) {
    // with TLS 1.3 a client has finished its part of the handshake before the server judges the certificate
    const client = new RawClient(connect({ port: proxy.port, host: '127.0.0.1', ...trusted, ...stranger }));
    client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await client.closed;
    t.equal(client.text, '');
    await t.rejects(handshake(proxy, { ...stranger, maxVersion: 'TLSv1.2' }).then((socket) => once(socket, 'data')));
  }
  t.equal(upstream.seen.length, 1);
});

t.test('a renewed certificate is shown from the next connection on; open ones stay', async (t) => {
  const { proxy } = await setUp(t, server);
  const names = async () => String((await handshake(proxy)).getPeerCertificate().subject.CN);
  t.equal(await names(), 'localhost');
  const open = new RawClient(await handshake(proxy));
  await proxy.app.reload({ ...proxy.config, listen: [on(other)] });
  t.equal(await names(), 'local');
  open.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await open.until(/^HTTP\/1\.1 200 /);

  const broken: ListenTls = { cert: other.cert, key: server.key };
  await t.rejects(proxy.app.reload({ ...proxy.config, listen: [on(broken)] }), { code: 'BEARERD_LISTEN' });
  for (const tls of [undefined, { ...server, clientCa: [tlsText('ca.pem')] }]) {
    await t.rejects(proxy.app.reload({ ...proxy.config, listen: [on(tls)] }), {
      code: 'BEARERD_LISTEN',
      message: /is open with TLS, and cannot change to /,
    });
  }
  t.equal(await names(), 'local', 'what was in force stays in force');
});

const upgrade =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

t.test('WebSockets pass, other upgrades are ignored, and a stop ends what is open', async (t) => {
  const upstream = await startTcp((socket) =>
    onHead(socket, (head) => {
      if (/upgrade: websocket/i.test(head))
        socket.write('HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello');
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    }),
  );
  t.teardown(upstream.close);
  const proxy = await startProxy(upstream.url, { config: { listen: [on(server)], drainTimeout: 300 } });
  const live = new RawClient(await handshake(proxy));
  live.write(`GET /live HTTP/1.1\r\nHost: localhost\r\n${upgrade}\r\n`);
  await live.until(/^HTTP\/1\.1 101 [\s\S]*hello$/);
  const h2c = new RawClient(await handshake(proxy));
  h2c.write('GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
  await h2c.until(/^HTTP\/1\.1 200 [\s\S]*ok$/);
  h2c.write('GET /y HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await h2c.until(/ok[\s\S]*ok$/);
  const metrics = await (await fetch(`${proxy.adminUrl}/metrics`)).text();
  t.match(metrics, /^bearerd_connections_open\{[^}]*proxy[^}]*\} 2$/m);
  await proxy.stop();
  await Promise.all([live.closed, h2c.closed]);
});

t.test('a connection that never carries a request does not hold up a stop', async (t) => {
  const upstream = await startUpstream();
  t.teardown(upstream.close);
  const proxy = await startProxy(upstream.url, { config: { listen: [on(server)], drainTimeout: 30_000 } });
  const unused = new RawClient(await handshake(proxy));
  const started = Date.now();
  await proxy.stop();
  await unused.closed;
  t.ok(Date.now() - started < 15_000);
});

for (const kind of ['TLS', 'a Unix socket'] as const) {
  t.test(`an answer that breaks off over ${kind} ends its connection and nothing else`, async (t) => {
    const upstream = await startTcp((socket) =>
      onHead(socket, () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
        setTimeout(() => socket.destroy(), 20);
      }),
    );
    t.teardown(upstream.close);
    // not t.testdir(): the path of a Unix socket has room for about a hundred bytes
    const folder = mkdtempSync(join(tmpdir(), 'bearerd-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 's');
    const listen = [on(server), { kind: 'unix', path }] as const;
    const proxy = await startProxy(upstream.url, { config: { listen } });
    t.teardown(proxy.stop);
    for (let round = 0; round < 2; round += 1) {
      const client = new RawClient(kind === 'TLS' ? await handshake(proxy) : path);
      client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await client.closed;
      t.match(client.text, /^HTTP\/1\.1 200 OK\r\n[\s\S]*half$/);
    }
  });
}

t.test('keep-alive over TLS: many requests, one handshake', async (t) => {
  const { proxy, upstream } = await setUp(t, server, (seen, response) => response.end(seen.body));
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ...trusted });
  t.teardown(() => agent.destroy());
  const body = Buffer.alloc(200_000, 'x');
  const post = async (): Promise<{ bytes: number; reused: boolean }> => {
    const sent = request(`${proxy.url}/b`, { agent, method: 'POST' });
    sent.end(body);
    const [answer] = await once(sent, 'response');
    let bytes = 0;
    for await (const chunk of answer) bytes += chunk.length;
    return { bytes, reused: sent.reusedSocket };
  };
  t.same(await post(), { bytes: body.length, reused: false });
  t.same(await post(), { bytes: body.length, reused: true });
  t.equal(upstream.seen.length, 2);
});
