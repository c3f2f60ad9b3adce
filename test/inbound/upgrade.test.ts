import { createHash } from 'node:crypto';
import t from 'tap';
import { startProxy } from '../support/proxy.ts';
import { eventually, fieldsOf, onHead, RawClient, sleep, startTcp } from '../support/tcp.ts';
import { startUpstream } from '../support/upstream.ts';

const key = 'dGhlIHNhbXBsZSBub25jZQ==';
const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
const handshake = [
  'GET /live?x HTTP/1.1',
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${key}`,
  '\r\n',
].join('\r\n');
const switching = `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;

t.test(
  'a WebSocket handshake with a body is a request like any other: the body goes with it, Upgrade does not',
  async (t) => {
    const upstream = await startUpstream((seen, response) => response.end(seen.body));
    const proxy = await startProxy(upstream.url);
    for (const [length, body] of [
      ['Content-Length: 4', 'body'],
      ['Transfer-Encoding: chunked', '4\r\nbody\r\n0\r\n\r\n'],
    ] as const) {
      const client = new RawClient(proxy.port);
      client.write(`${handshake.slice(0, -2)}${length}\r\n\r\n${body}`);
      await client.until(/^HTTP\/1.1 200 OK\r\n[\s\S]*body/);
      client.write(handshake);
      await client.until(/body[\s\S]*HTTP\/1.1 200 OK/);
      const [first, second] = upstream.seen.slice(-2);
      t.match(first, { body: Buffer.from('body'), headers: { upgrade: undefined } }, length);
      t.match(second, { body: Buffer.alloc(0), headers: { upgrade: 'websocket' } }, 'the handshake behind it is one');
      client.socket.destroy();
    }
    await proxy.stop();
    await upstream.close();
  },
);

t.test(
  'Upgrade is hop-by-hop: other protocols than WebSocket are ignored, the request goes on without (RFC 9110 7.8)',
  async (t) => {
    const upstream = await startUpstream((seen, response) => response.end(seen.body));
    const proxy = await startProxy(upstream.url);
    const cases: readonly string[] = [
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n',
      'Connection: keep-alive, Upgrade\r\nUpgrade: TLS/1.0\r\n',
      'Upgrade: h2c\r\n',
    ];
    for (const fields of cases) {
      const client = new RawClient(proxy.port);
      client.write(`POST /x HTTP/1.1\r\nHost: localhost\r\n${fields}Content-Length: 4\r\n\r\nbody`);
      await client.until(/^HTTP\/1.1 200 OK\r\n[\s\S]*body/);
      const seen = upstream.seen.at(-1);
      t.equal(seen?.body.toString(), 'body');
      t.equal(seen?.headers.upgrade, undefined);
      t.equal(seen?.headers['http2-settings'], undefined);
      client.write('GET /next HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
      await client.closed;
      t.equal(upstream.seen.at(-1)?.url, '/next', 'the connection goes on');
    }
    t.equal(upstream.seen.length, 6);
    await proxy.stop();
    await upstream.close();
  },
);

t.test('a WebSocket: the handshake carries our token, then bytes pass both ways; stop ends it', async (t) => {
  const heads: string[] = [];
  const upstream = await startTcp((socket) => {
    socket.once('data', (chunk) => {
      heads.push(chunk.toString('latin1'));
      socket.write(`${switching}hello`);
      socket.on('data', (bytes) => socket.write(`echo ${bytes}`));
    });
  });
  const proxy = await startProxy(upstream.url, { config: { drainTimeout: 100 } });
  const client = new RawClient(proxy.port);
  client.write(handshake);
  await client.until(/^HTTP\/1.1 101 Switching Protocols\r\n[\s\S]*\r\n\r\nhello$/);
  const fields = fieldsOf(heads[0] ?? '');
  t.match(heads[0], /^GET \/live\?x HTTP\/1.1\r\n/);
  t.same(
    fields.filter(([name]) => name === 'authorization'),
    [['authorization', 'Bearer token1']],
  );
  t.match(client.text, `Sec-WebSocket-Accept: ${accept}`);
  client.write('\x81\x00\xff');
  await client.until(/echo \x81\x00\xff|echo /);
  await proxy.stop();
  await client.closed;
  await eventually(() => upstream.sockets.size === 0, 'the upstream side is ended too');
  const lines = proxy.output.records().filter(({ event }) => event === 'request');
  t.match(lines, [{ path: '/live', status: 101 }]);
  t.equal(lines.length, 1, 'one access-log line');
  await upstream.close();
});

t.test('a WebSocket handshake that is refused for its token is repeated with a new one', async (t) => {
  const upstream = await startTcp((socket) =>
    onHead(socket, (head) => {
      const body = '{"errorCode":"expiredToken"}';
      if (head.includes('Bearer token1'))
        socket.write(`HTTP/1.1 401 Unauthorized\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      else socket.write(switching);
    }),
  );
  const proxy = await startProxy(upstream.url);
  const client = new RawClient(proxy.port);
  client.write(handshake);
  await client.until(/^HTTP\/1.1 101 /);
  t.equal(proxy.tokens.count, 2);
  client.socket.destroy();
  await eventually(() => upstream.sockets.size === 0, 'the upstream side ends with the client');
  await proxy.stop();
  await upstream.close();
});

t.test(
  'a WebSocket handshake that the upstream does not want gets its answer; a foreign one never leaves',
  async (t) => {
    const upstream = await startUpstream((_seen, response) => response.writeHead(403, { 'x-a': 'b' }).end('no'));
    const proxy = await startProxy(upstream.url);
    const client = new RawClient(proxy.port);
    client.write(handshake);
    await client.closed;
    t.match(client.text, /^HTTP\/1.1 403 Forbidden\r\n[\s\S]*no/);
    t.equal(upstream.seen.length, 1);
    const foreign = new RawClient(proxy.port);
    foreign.write(handshake.replace('Host: localhost', 'Host: localhost\r\nOrigin: https://evil.example'));
    await foreign.closed;
    t.match(foreign.text, /^HTTP\/1.1 403 Forbidden\r\n[\s\S]*BEARERD_ORIGIN_NOT_ALLOWED/);
    t.equal(upstream.seen.length, 1, 'the foreign one was not sent');
    await proxy.stop();
    await upstream.close();
  },
);

t.test('an unreachable upstream answers a handshake with 502; a client that leaves ends it', async (t) => {
  const nobody = await startProxy('http://127.0.0.1:9');
  const client = new RawClient(nobody.port);
  client.write(handshake);
  await client.closed;
  t.match(client.text, /^HTTP\/1.1 502 Bad Gateway\r\n[\s\S]*BEARERD_UPSTREAM_REFUSED/);
  await nobody.stop();
  let closed = false;
  const upstream = await startTcp((socket, nth) => {
    socket.resume();
    if (nth === 1) socket.on('close', () => (closed = true));
  });
  const proxy = await startProxy(upstream.url);
  const leaving = new RawClient(proxy.port);
  leaving.write(handshake);
  await eventually(() => upstream.connections === 1, 'the handshake is upstream');
  await sleep(20);
  leaving.socket.destroy();
  await eventually(() => closed, 'and is ended');
  await proxy.stop();
  await upstream.close();
});

t.test('websocket: false: the request goes on as a plain one', async (t) => {
  const upstream = await startUpstream((_seen, response) => response.end('plain'));
  const proxy = await startProxy(upstream.url, { route: { websocket: false } });
  const client = new RawClient(proxy.port);
  client.write(handshake);
  await client.until(/^HTTP\/1.1 200 OK\r\n[\s\S]*plain/);
  t.equal(upstream.seen[0]?.headers.upgrade, undefined);
  client.socket.destroy();
  await proxy.stop();
  await upstream.close();
});
