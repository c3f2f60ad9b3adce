import { once } from 'node:events';
import { Agent, type IncomingMessage, type RequestOptions, request } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import t, { type Test } from 'tap';
import { bodyOf, type Http2Upstream, startHttp2 } from '../support/http2-upstream.ts';
import { type ProxyOptions, startProxy, type TestProxy } from '../support/proxy.ts';
import { eventually, RawClient, sleep, startTcp } from '../support/tcp.ts';
import { tlsText } from '../support/test-certificates.ts';

// Issue 9: HTTP/2 towards upstreams that offer it, by a route option. RFC 9113.

const tls = { ca: [tlsText('ca.pem')] };

async function before(t: Test, upstream: Http2Upstream, { route, ...rest }: ProxyOptions = {}): Promise<TestProxy> {
  const proxy = await startProxy(upstream.url, { ...rest, route: { tls, http2: true, ...route } });
  t.teardown(async () => {
    await proxy.stop();
    await upstream.close();
  });
  return proxy;
}

interface Answer {
  readonly status: number;
  readonly message: string;
  readonly body: string;
  readonly raw: readonly string[];
  readonly trailers: readonly string[];
}

const agent = new Agent({ keepAlive: true });
t.teardown(() => agent.destroy());

/** One request through the proxy; rejects when the answer breaks off. */
async function call(proxy: TestProxy, path = '/', options: RequestOptions = {}, body?: Buffer): Promise<Answer> {
  const sent = request(`${proxy.url}${path}`, { agent, ...options });
  // one that comes behind the first is nobody's
  sent.on('error', () => {});
  sent.end(body);
  const [response]: IncomingMessage[] = await once(sent, 'response');
  if (response === undefined) throw new Error('no response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return {
    status: response.statusCode ?? 0,
    message: response.statusMessage ?? '',
    body: Buffer.concat(chunks).toString('latin1'),
    raw: response.rawHeaders,
    trailers: response.rawTrailers,
  };
}

t.test('a request and its answer: pseudo-fields, token, duplicates, bytes, trailers', async (t) => {
  const upstream = await startHttp2((stream) => {
    const fields = { 'x-a': '1', 'set-cookie': ['a=1', 'b=2'], 'x-b': 'caf\xe9' };
    stream.respond({ ':status': 200, ...fields }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42' }));
    stream.end('hello');
  });
  const proxy = await before(t, upstream);
  const answer = await call(proxy, '/a%20b//c?d=%2f', {
    headers: [
      'Host',
      'localhost',
      'X-Two',
      'a',
      'X-Two',
      'b',
      'X-L',
      '\xfc',
      'Connection',
      'keep-alive, X-Gone',
      'X-Gone',
      '1',
      'TE',
      'trailers',
    ] as never,
  });
  const [seen] = upstream.seen;
  t.match(seen?.headers, {
    ':method': 'GET',
    ':scheme': 'https',
    ':authority': new URL(upstream.url).host,
    ':path': '/a%20b//c?d=%2f',
    authorization: 'Bearer token1',
    'x-two': 'a, b',
    'x-l': '\xfc',
  });
  t.match(seen?.headers.via, /^1\.1 bearerd-/);
  for (const gone of ['host', 'connection', 'x-gone', 'te']) t.equal(seen?.headers[gone], undefined, gone);
  t.match(answer, { status: 200, message: 'OK', body: 'hello', trailers: ['x-sum', '42'] });
  const fields = answer.raw.join('\n');
  t.match(fields, 'set-cookie\na=1');
  t.match(fields, 'set-cookie\nb=2');
  t.match(fields, 'x-b\ncaf\xe9');
});

t.test('answers without a body, HEAD among them', async (t) => {
  const upstream = await startHttp2((stream, { headers }) => {
    const status = Number(String(headers[':path']).slice(1));
    stream.respond({ ':status': status, 'content-length': status === 200 ? 5 : undefined }, { endStream: true });
  });
  const proxy = await before(t, upstream);
  for (const status of [204, 304, 404]) t.match(await call(proxy, `/${status}`), { status, body: '' });
  t.match(await call(proxy, '/200', { method: 'HEAD' }), { status: 200, body: '' });
});

t.test('an upstream that does not take HTTP/2 is spoken to in HTTP/1.1, and not asked again', async (t) => {
  const server = createServer({ cert: tlsText('server.pem'), key: tlsText('server.key') }, (seen, response) =>
    response.end(seen.httpVersion),
  );
  let connections = 0;
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // a server that listens on TCP has such an address
  const proxy = await startProxy(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    route: { tls, http2: true },
  });
  t.teardown(async () => {
    await proxy.stop();
    server.close();
    server.closeAllConnections();
  });
  for (let round = 0; round < 3; round += 1) t.match(await call(proxy), { status: 200, body: '1.1' });
  t.equal(connections, 2, 'one to ask, one to use');
});

t.test('without the option HTTP/2 is not offered', async (t) => {
  const upstream = await startHttp2(() => {}, { allowHTTP1: true });
  upstream.server.on('request', (seen, response) => response.end(seen.httpVersion));
  const proxy = await before(t, upstream, { route: { http2: false } });
  t.match(await call(proxy), { body: '1.1' });
});

t.test('a 401 is refreshed and repeated with the whole body, on the same connection', async (t) => {
  const upstream = await startHttp2(async (stream, { headers }) => {
    const body = await bodyOf(stream);
    if (headers.authorization === 'Bearer token1') {
      stream.respond({ ':status': 401, 'content-type': 'application/json' });
      stream.end('{"errorCode":"expiredToken"}');
    } else {
      stream.respond({ ':status': 200 });
      stream.end(body);
    }
  });
  const proxy = await before(t, upstream);
  const body = Buffer.alloc(300_000, 'abc');
  const answer = await call(proxy, '/', { method: 'POST' }, body);
  t.equal(answer.status, 200);
  t.equal(answer.body, body.toString());
  t.equal(upstream.seen.length, 2);
  t.equal(upstream.sessions.length, 1);
  const own = await startHttp2(async (stream) => {
    stream.respond({ ':status': 401, 'content-type': 'application/json' });
    stream.end('{"errorCode":"malformedToken"}');
  });
  t.match(await call(await before(t, own)), { status: 502, body: /BEARERD_TOKEN_MALFORMED/ });
});

t.test('many requests share a connection; another one is opened when it is full', async (t) => {
  const upstream = await startHttp2(
    (stream, { headers }) => {
      setTimeout(() => {
        stream.respond({ ':status': 200 });
        stream.end(String(headers[':path']));
      }, 50);
    },
    { settings: { maxConcurrentStreams: 10 } },
  );
  const proxy = await before(t, upstream, { limits: { upstreamConnections: 3 } });
  t.match(await call(proxy, '/first'), { body: '/first' });
  const all = Array.from({ length: 60 }, (_one, n) => call(proxy, `/${n}`, { agent: false }));
  t.same(
    (await Promise.all(all)).map(({ body }) => body),
    all.map((_one, n) => `/${n}`),
  );
  t.ok(upstream.sessions.length > 1 && upstream.sessions.length <= 3, `${upstream.sessions.length} connections`);
});

type Break = (stream: ServerHttp2Stream, sockets: ReadonlySet<Duplex>) => void;

const breaks: Readonly<Record<string, Break>> = {
  'RST_STREAM with INTERNAL_ERROR': (stream) => stream.destroy(new Error('x')),
  'RST_STREAM with CANCEL': (stream) => stream.destroy(),
  'the connection is closed': (stream) => stream.session?.destroy(),
  'GOAWAY with ENHANCE_YOUR_CALM': (stream) => stream.session?.destroy(undefined, 11),
  'the socket is gone': (_stream, sockets) => {
    for (const socket of sockets) socket.destroy();
  },
};

for (const [name, breakOff] of Object.entries(breaks)) {
  t.test(`${name}: 502 before the head, an aborted answer after it, never a clean end`, async (t) => {
    const sockets = new Set<Duplex>();
    const upstream = await startHttp2((stream, { headers }) => {
      if (headers[':method'] === 'GET') {
        stream.respond({ ':status': 200 });
        stream.write('half');
      }
      setTimeout(() => breakOff(stream, sockets), 50);
    });
    upstream.server.on('secureConnection', (socket) => sockets.add(socket));
    const proxy = await before(t, upstream);
    await t.rejects(call(proxy, '/', { agent: false }), { code: 'ECONNRESET' });
    t.equal(upstream.seen.length, 1);
    t.match(await call(proxy, '/', { method: 'POST' }, Buffer.from('x')), { status: 502, body: /BEARERD_UPSTREAM_/ });
    t.equal(upstream.seen.length, 2, 'what may have been processed is not sent again');
  });
}

/** A server of frames: whatever is asked on stream 1, it sends half an answer and resets the stream with NO_ERROR. */
function halfAnswers(socket: Duplex): void {
  const frame = (type: number, flags: number, stream: number, payload: Buffer): Buffer =>
    Buffer.concat([Buffer.from([0, 0, payload.length, type, flags, 0, 0, 0, stream]), payload]);
  let received = Buffer.alloc(0);
  let at = 24; // behind the preface
  socket.write(frame(4, 0, 0, Buffer.alloc(0)));
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= at + 9) {
      const length = received.readUIntBE(at, 3);
      const isRequest = received[at + 3] === 1;
      at += 9 + length;
      if (!isRequest) continue;
      const answer = [frame(1, 4, 1, Buffer.from([0x88])), frame(0, 0, 1, Buffer.from('half'))];
      socket.write(Buffer.concat([...answer, frame(3, 0, 1, Buffer.alloc(4))]));
    }
  });
}

t.test('RST_STREAM with NO_ERROR in the middle of a body is no end of it either', async (t) => {
  const options = { cert: tlsText('server.pem'), key: tlsText('server.key'), ALPNProtocols: ['h2'] };
  const upstream = await startTcp(halfAnswers, options);
  const proxy = await startProxy(upstream.url, { route: { tls, http2: true } });
  t.teardown(async () => {
    await proxy.stop();
    await upstream.close();
  });
  await t.rejects(call(proxy, '/', { agent: false }), { code: 'ECONNRESET' });
});

t.test('RFC 9113 8.7: a refused stream is sent again with its body, once', async (t) => {
  const upstream = await startHttp2(async (stream, { headers, count }) => {
    const always = headers[':path'] === '/always';
    if (always || count === 1) return stream.close(7);
    stream.respond({ ':status': 200 });
    stream.end(await bodyOf(stream));
  });
  const proxy = await before(t, upstream);
  t.match(await call(proxy, '/', { method: 'POST' }, Buffer.from('whole')), { status: 200, body: 'whole' });
  t.equal(upstream.seen.length, 2);
  t.match(await call(proxy, '/always', { method: 'POST' }, Buffer.from('x')), { status: 502 });
  t.equal(upstream.seen.length, 4, 'never a third time');
});

t.test('GOAWAY: what is under way comes to its end, what comes later goes to another connection', async (t) => {
  const upstream = await startHttp2((stream, { count }) => {
    stream.respond({ ':status': 200 });
    stream.write('begun ');
    if (count === 3) upstream.sessions[0]?.goaway();
    setTimeout(() => stream.end('ended'), 200);
  });
  const proxy = await before(t, upstream);
  const post = () => call(proxy, '/', { method: 'POST', agent: false }, Buffer.from('x'));
  const first = await Promise.all([post(), post(), post()]);
  for (const answer of [...first, await post()]) t.match(answer, { status: 200, body: 'begun ended' });
  t.equal(upstream.seen.length, 4, 'nothing was sent twice');
  t.equal(upstream.sessions.length, 2);
});

t.test('time-outs: no head is 504, an answer that stops is aborted, a slow reader is not', async (t) => {
  const upstream = await startHttp2((stream, { headers }) => {
    if (headers[':path'] === '/head') return;
    stream.respond({ ':status': 200 });
    if (headers[':path'] === '/idle') stream.write('half');
    else stream.end(Buffer.alloc(4_000_000));
  });
  const proxy = await before(t, upstream, { route: { timeouts: { connect: 2_000, headers: 300, idle: 300 } } });
  t.match(await call(proxy, '/head'), { status: 504, body: /BEARERD_UPSTREAM_RESPONSE_TIMEOUT/ });
  await t.rejects(call(proxy, '/idle', { agent: false }), { code: 'ECONNRESET' });
  const sent = request(`${proxy.url}/slow`, { agent: false }).end();
  const [response]: IncomingMessage[] = await once(sent, 'response');
  await sleep(900);
  let bytes = 0;
  for await (const chunk of response ?? []) bytes += chunk.length;
  t.equal(bytes, 4_000_000, 'the reader had stopped for longer than the limit');
  t.equal(upstream.sessions.length, 3, 'one on which an answer was late takes no other request');
});

t.test('a slow reader slows the upstream down, and trailers wait for the body', async (t) => {
  let left = 0;
  const upstream = await startHttp2((stream) => {
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-end': 'yes' }));
    const piece = Buffer.alloc(64 * 1024, 'y');
    const more = () => {
      while (left < 400 && stream.write(piece)) left += 1;
      if (left >= 400) stream.end();
      else {
        left += 1;
        stream.once('drain', more);
      }
    };
    more();
  });
  const proxy = await before(t, upstream);
  const sent = request(proxy.url, { agent: false }).end();
  const [response]: IncomingMessage[] = await once(sent, 'response');
  await sleep(500);
  t.ok(left < 200, `${left} of 400 pieces while nobody reads`);
  let bytes = 0;
  for await (const chunk of response ?? []) bytes += chunk.length;
  t.equal(bytes, 400 * 64 * 1024);
  t.same(response?.rawTrailers, ['x-end', 'yes']);
});

t.test('a client that leaves ends its stream and no other', async (t) => {
  const codes: number[] = [];
  const upstream = await startHttp2((stream, { headers }) => {
    stream.on('close', () => codes.push(stream.rstCode));
    if (headers[':path'] === '/ok') {
      stream.respond({ ':status': 200 });
      stream.end('ok');
    }
  });
  const proxy = await before(t, upstream);
  const sent = request(`${proxy.url}/hang`, { agent: false });
  sent.on('error', () => {});
  sent.end();
  await eventually(() => upstream.seen.length === 1, 'the request');
  sent.destroy();
  await eventually(() => codes.length === 1, 'the end of the stream');
  t.equal(codes[0], 8, 'CANCEL');
  t.match(await call(proxy, '/ok'), { body: 'ok' });
  t.equal(upstream.sessions.length, 1);
});

t.test('an answer that comes before the upload is over; 103 before the answer', async (t) => {
  const upstream = await startHttp2((stream) => {
    stream.additionalHeaders({ ':status': 103, link: '</a.css>; rel=preload' });
    stream.respond({ ':status': 413 });
    stream.end('too much');
  });
  const proxy = await before(t, upstream);
  const client = new RawClient(proxy.port);
  client.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nbegun');
  await client.until(/^HTTP\/1\.1 103 [\s\S]*link: <\/a\.css>[\s\S]*HTTP\/1\.1 413 [\s\S]*too much/);
  await client.closed;
});

t.test('a WebSocket goes over HTTP/1.1', async (t) => {
  const upstream = await startHttp2(() => {}, { allowHTTP1: true });
  upstream.server.on('upgrade', (_seen, socket) => {
    socket.write('HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello');
  });
  const proxy = await before(t, upstream, { config: { drainTimeout: 100 } });
  const client = new RawClient(proxy.port);
  client.write(
    'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await client.until(/^HTTP\/1\.1 101 [\s\S]*hello$/);
  client.socket.destroy();
});

t.test('more requests than may wait are 503; one whose client has gone meanwhile is not sent', async (t) => {
  const upstream = await startHttp2((stream) => {
    setTimeout(() => {
      if (!stream.destroyed) stream.respond({ ':status': 200 }, { endStream: true });
    }, 300);
  });
  const proxy = await before(t, upstream, { limits: { upstreamConnections: 1, queue: 1 } });
  const left = request(proxy.url, { agent: false });
  left.on('error', () => {});
  left.end();
  await eventually(() => proxy.tokens.count === 1, 'the request');
  left.destroy();
  await sleep(50);
  const three = [1, 2, 3].map(() => call(proxy, '/', { agent: false }));
  const statuses = (await Promise.all(three)).map(({ status }) => status);
  t.same(statuses.toSorted(), [200, 200, 503]);
  t.match(await call(proxy, '/', { headers: ['Host', 'localhost', 'X', '1', 'X', '2', 'X', '3'] as never }), {
    status: 200,
  });
  t.equal(upstream.seen.at(-1)?.headers['x'], '1, 2, 3');
});

t.test('a reload that needs the connection no more lets its streams end', async (t) => {
  const upstream = await startHttp2((stream) => {
    stream.respond({ ':status': 200 });
    stream.write('begun ');
    setTimeout(() => stream.end('ended'), 400);
  });
  const proxy = await before(t, upstream, { config: { drainTimeout: 50 } });
  const answer = call(proxy, '/', { agent: false });
  await eventually(() => upstream.seen.length === 1, 'the request');
  const [route] = proxy.config.routes;
  await proxy.app.reload({ ...proxy.config, routes: route === undefined ? [] : [{ ...route, http2: false }] });
  t.match(await answer, { status: 200, body: 'begun ended' });
  await eventually(() => upstream.sessions[0]?.destroyed === true, 'the end of the connection');
});

t.test('a client that begins with HTTP/2, as gRPC does, is told what is spoken here', async (t) => {
  const proxy = await startProxy('http://127.0.0.1:9');
  t.teardown(proxy.stop);
  const client = new RawClient(proxy.port);
  client.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  await client.closed;
  t.match(client.text, /^HTTP\/1\.1 400 [\s\S]*HTTP\/2 is not spoken here[\s\S]*gRPC cannot be proxied/);
});

t.test('what HTTP/2 cannot carry is 400, and an upstream that nobody trusts gets nothing', async (t) => {
  const upstream = await startHttp2((stream) => stream.respond({ ':status': 200 }, { endStream: true }));
  const proxy = await before(t, upstream);
  const client = new RawClient(proxy.port);
  client.write(
    'GET / HTTP/1.1\r\nHost: localhost\r\nIf-Match: "a"\r\nIf-Match: "b"\r\nReferer: x\r\nReferer: y\r\nConnection: close\r\n\r\n',
  );
  await client.closed;
  t.match(client.text, /^HTTP\/1\.1 400 [\s\S]*cannot be sent over HTTP\/2/);
  const stranger = await startProxy(upstream.url, { route: { http2: true } });
  t.teardown(stranger.stop);
  t.match(await call(stranger), { status: 502, body: /BEARERD_UPSTREAM_CERTIFICATE/ });
  t.equal(upstream.seen.length, 0);
});
