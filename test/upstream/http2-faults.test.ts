import { once } from 'node:events';
import { Agent, type IncomingMessage, type RequestOptions, request } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { type Frame, flag, frame, head, kind, numbers, startFrames } from '../support/http2-frames.ts';
import { bodyOf, type Http2Upstream, startHttp2 } from '../support/http2-upstream.ts';
import { CountingProvider, type ProxyOptions, startProxy, type TestProxy } from '../support/proxy.ts';
import { eventually, RawClient, sleep, startTcp, type TcpServer } from '../support/tcp.ts';
import { tlsText } from '../support/test-certificates.ts';

// What goes wrong on HTTP/2 connections, with an upstream that is made of frames where no library would do it.

const tls = { ca: [tlsText('ca.pem')] };

type Upstream = Pick<TcpServer, 'url' | 'close'>;

async function before(t: Test, upstream: Upstream, { route, ...rest }: ProxyOptions = {}): Promise<TestProxy> {
  const proxy = await startProxy(upstream.url, { ...rest, route: { tls, http2: true, ...route } });
  t.teardown(async () => {
    await proxy.stop();
    await upstream.close();
  });
  return proxy;
}

const agent = new Agent({ keepAlive: true });
t.teardown(() => agent.destroy());

/** One request through the proxy, with its status and body; rejects when the answer breaks off. */
async function call(proxy: TestProxy, options: RequestOptions = {}, body?: string): Promise<[number, string]> {
  const sent = request(proxy.url, { agent, ...options });
  sent.on('error', () => {});
  sent.end(body);
  const [response]: IncomingMessage[] = await once(sent, 'response');
  let text = '';
  for await (const chunk of response ?? []) text += String(chunk);
  return [response?.statusCode ?? 0, text];
}

const leavings: Readonly<Record<string, (client: RawClient) => void>> = {
  'is gone': (client) => client.socket.destroy(),
  'resets its connection': (client) => client.socket.resetAndDestroy(),
  'sends a chunk that is none': (client) => client.write('ZZZ\r\n'),
};

for (const [name, leave] of Object.entries(leavings)) {
  for (const answered of [false, true]) {
    t.test(`a client ${name} in the middle of its upload (answered: ${answered}): no END_STREAM, CANCEL`, async (t) => {
      const seen: Frame[] = [];
      const upstream = await startFrames((socket, one) => {
        if (one.stream === 0) return;
        seen.push(one);
        if (answered && one.type === kind.headers) socket.write(head(one.stream, '200'));
      });
      const proxy = await before(t, upstream);
      const client = new RawClient(proxy.port);
      client.write('PUT / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n');
      await eventually(() => seen.some(({ type }) => type === kind.data), 'the first piece');
      if (answered) await client.until(/^HTTP\/1\.1 200 /);
      leave(client);
      await eventually(() => seen.some(({ type }) => type === kind.reset), 'the end of the stream');
      const whole = seen.filter(({ type, flags }) => type === kind.data && (flags & flag.endStream) !== 0);
      t.equal(whole.length, 0, 'a body that is cut off must not look complete (RFC 9113 8.1)');
      t.equal(seen.find(({ type }) => type === kind.reset)?.payload.readUInt32BE(), 8, 'CANCEL');
      client.socket.destroy();
    });
  }
}

/** Room for one request at a time: one that does not give its place back keeps the next one out. */
const onePlace = { upstreamConnections: 1, queue: 0 };

t.test('an upstream that never sends its settings is 504, and asked anew by the next request', async (t) => {
  const upstream = await startFrames(() => {}, Buffer.alloc(0));
  const proxy = await before(t, upstream, {
    route: { timeouts: { connect: 1_000, headers: 20_000, idle: 20_000 } },
    limits: onePlace,
  });
  for (let round = 1; round <= 2; round += 1) {
    const [status, body] = await call(proxy);
    t.equal(status, 504);
    t.match(body, /BEARERD_UPSTREAM_CONNECT_TIMEOUT/);
    t.equal(upstream.connections, round);
  }
  await eventually(() => upstream.sockets.size === 0, 'the end of the connections');
});

t.test('a client that leaves while there is no connection yet gives its place back', async (t) => {
  const upstream = await startFrames((socket, { type, stream }) => {
    if (type === kind.headers) socket.write(head(stream, '204', flag.endStream));
  }, Buffer.alloc(0));
  const route = { timeouts: { connect: 60_000, headers: 20_000, idle: 20_000 } };
  const proxy = await before(t, upstream, { route, limits: onePlace });
  const left = request(proxy.url, { agent: false });
  left.on('error', () => {});
  left.end();
  await eventually(() => upstream.connections === 1, 'the connection');
  left.destroy();
  let answer: Promise<[number, string]>;
  do answer = call(proxy, { agent: false });
  while ((await Promise.race([answer.then(([status]) => status), sleep(200)])) === 503);
  for (const socket of upstream.sockets) socket.write(frame(kind.settings, 0, 0));
  t.equal((await answer)[0], 204);
});

interface Way {
  readonly url: string;
  readonly cut: () => unknown;
  /** Dead connections that have ended. */
  ended: number;
  /** Bytes sent on dead connections. */
  lost: number;
}

/** A way to an upstream on which nothing goes any more, without a word, on the connections that there are at a moment. */
async function startWay(t: Test, upstream: Http2Upstream): Promise<Way> {
  const cuts: (() => void)[] = [];
  const way = await startTcp((near) => {
    const far = connect(Number(new URL(upstream.url).port), '127.0.0.1');
    let dead = false;
    cuts.push(() => {
      dead = true;
    });
    near.on('data', (chunk) => {
      if (dead) started.lost += chunk.length;
      else far.write(chunk);
    });
    far.on('data', (chunk) => dead || near.write(chunk));
    far.on('error', () => {});
    far.on('close', () => dead || near.destroy());
    near.on('close', () => {
      if (dead) started.ended += 1;
      far.destroy();
    });
  });
  t.teardown(way.close);
  const url = way.url.replace('http:', 'https:');
  const started = { url, cut: () => cuts.map((cut) => cut()), ended: 0, lost: 0 };
  return started;
}

t.test(
  'a connection on which an answer was late takes no other request, and ends where a PING has no answer',
  async (t) => {
    const upstream = await startHttp2((stream) => stream.respond({ ':status': 204 }, { endStream: true }));
    const way = await startWay(t, upstream);
    const route = { timeouts: { connect: 2_000, headers: 1_000, idle: 20_000 } };
    const proxy = await before(t, { url: way.url, close: upstream.close }, { route });
    t.equal((await call(proxy))[0], 204);
    way.cut();
    const post = () => call(proxy, { method: 'POST' }, 'x');
    t.equal((await post())[0], 504);
    t.equal((await post())[0], 204, 'on another connection');
    await eventually(() => way.ended === 1, 'the end of the dead connection');
  },
);

t.test('clients that have less patience than the time-outs: the dead connection is found all the same', async (t) => {
  const upstream = await startHttp2((stream) => stream.respond({ ':status': 204 }, { endStream: true }));
  const way = await startWay(t, upstream);
  const route = { timeouts: { connect: 2_000, headers: 60_000, idle: 60_000 } };
  const proxy = await before(t, { url: way.url, close: upstream.close }, { route });
  t.equal((await call(proxy))[0], 204);
  way.cut();
  const left = request(proxy.url, { agent: false, method: 'POST' });
  left.on('error', () => {});
  left.end('x');
  await eventually(() => way.lost > 0, 'the request');
  left.destroy();
  await eventually(() => way.ended === 1, 'the end of the dead connection');
  t.equal((await call(proxy, { method: 'POST' }, 'x'))[0], 204);
});

t.test('what is under way on a connection with a late answer comes to its end', async (t) => {
  const firstStreams: ServerHttp2Stream[] = [];
  const upstream = await startHttp2((stream, { headers }) => {
    firstStreams.push(stream);
    if (headers[':method'] === 'DELETE') return;
    stream.respond({ ':status': 200 });
    stream.write('begun ');
    if (headers[':method'] === 'POST') stream.end('ended');
  });
  const proxy = await before(t, upstream, { route: { timeouts: { connect: 2_000, headers: 1_500, idle: 60_000 } } });
  const slow = call(proxy, { agent: false });
  await eventually(() => upstream.seen.length === 1, 'the first request');
  t.equal((await call(proxy, { method: 'DELETE', agent: false }))[0], 504);
  t.same(await call(proxy, { method: 'POST' }, 'x'), [200, 'begun ended']);
  t.equal(upstream.sessions.length, 2);
  await sleep(2_500);
  t.equal(upstream.sessions[0]?.destroyed, false, 'it has answered the PING');
  const [first] = firstStreams;
  first?.end('ended');
  t.same(await slow, [200, 'begun ended']);
  await eventually(() => upstream.sessions[0]?.destroyed === true, 'the end of the connection');
});

t.test('names of fields that objects have of their own', async (t) => {
  const upstream = await startHttp2((stream) => stream.respond({ ':status': 204 }, { endStream: true }));
  const proxy = await before(t, upstream, { limits: onePlace });
  for (const name of ['constructor', '__proto__', 'toString', 'constructor']) {
    const headers = [
      'Host',
      'localhost',
      name,
      'x',
      'If-Match',
      '"a"',
      'If-Match',
      '"b"',
      'HTTP2-Settings',
      'AAMAAABk',
    ];
    t.equal((await call(proxy, { headers }))[0], 204, name);
    const raw = upstream.seen.at(-1)?.rawHeaders.join('\n');
    t.match(raw, `${name.toLowerCase()}\nx\n`);
    t.match(raw, 'if-match\n"a", "b"\n');
    t.notMatch(raw, /http2-settings/i);
  }
  t.equal((await call(proxy, { headers: ['Host', 'localhost', 'Range', 'bytes=0-1', 'Range', 'bytes=2-3'] }))[0], 400);
  t.equal((await call(proxy))[0], 204);
});

for (const [method, status] of [
  ['HEAD', '200'],
  ['GET', '204'],
  ['GET', '304'],
] as const) {
  t.test(`${method}, ${status} without END_STREAM: the stream is called off in the end`, async (t) => {
    const codes: number[] = [];
    const upstream = await startFrames((socket, { type, stream, payload }) => {
      if (type === kind.headers) socket.write(head(stream, status));
      if (type === kind.reset) codes.push(payload.readUInt32BE());
    });
    const route = { timeouts: { connect: 2_000, headers: 5_000, idle: 100 } };
    const proxy = await before(t, upstream, { route, limits: onePlace });
    for (let round = 1; round <= 2; round += 1) {
      t.equal((await call(proxy, { method }))[0], Number(status));
      await eventually(() => codes.length === round, 'the end of the stream');
    }
    t.same(codes, [8, 8]);
    t.equal(upstream.connections, 1);
  });
}

t.test('a status below 100, and 101, are no answers; 100 is not passed on', async (t) => {
  let status = '';
  const upstream = await startFrames((socket, { type, stream }) => {
    if (type !== kind.headers) return;
    socket.write(head(stream, status));
    for (let piece = 0; piece < 10; piece += 1) socket.write(frame(kind.data, 0, stream, Buffer.alloc(1_000)));
  });
  const proxy = await before(t, upstream, { limits: onePlace });
  for (status of ['000', '099', '101', '000']) {
    const [seen, body] = await call(proxy);
    t.equal(seen, 502, status);
    // newer ones of nghttp2 reset the stream themselves, and all of them that of a 101 (RFC 9113 8.6)
    t.match(body, /BEARERD_UPSTREAM_(PROTOCOL|TERMINATED)/);
  }
  const informing = await startFrames((socket, { type, stream }) => {
    if (type === kind.headers) socket.write(Buffer.concat([head(stream, '100'), head(stream, '204', flag.endStream)]));
  });
  const client = new RawClient((await before(t, informing)).port);
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  await client.closed;
  t.match(client.text, /^HTTP\/1\.1 204 /);
});

t.test('where another connection cannot be had, the one that is there carries the requests', async (t) => {
  const waiting: (() => void)[] = [];
  const upstream = await startHttp2(
    (stream) => waiting.push(() => stream.respond({ ':status': 204 }, { endStream: true })),
    { settings: { maxConcurrentStreams: 1 } },
  );
  let connections = 0;
  upstream.server.on('connection', (socket) => {
    connections += 1;
    if (connections > 1) socket.destroy();
  });
  const proxy = await before(t, upstream);
  const first = call(proxy, { agent: false });
  await eventually(() => waiting.length === 1, 'the first request');
  const others = [1, 2, 3].map(() => call(proxy, { agent: false }));
  await eventually(() => connections > 1, 'another connection');
  const answering = setInterval(() => waiting.shift()?.(), 20);
  t.teardown(() => clearInterval(answering));
  for (const [status] of await Promise.all([first, ...others])) t.equal(status, 204);
});

const goaways: readonly (readonly [string, (stream: number) => Buffer, number])[] = [
  ['GOAWAY with REFUSED_STREAM behind it', (stream) => numbers(kind.goaway, 0, stream, 7), 1],
  ['GOAWAY with an error before it', () => numbers(kind.goaway, 0, 0, 2), 2],
  ['GOAWAY without an error before it', () => numbers(kind.goaway, 0, 0, 0), 2],
  ['RST_STREAM with REFUSED_STREAM', (stream) => numbers(kind.reset, stream, 7), 2],
  ['RST_STREAM with CANCEL', (stream) => numbers(kind.reset, stream, 8), 1],
];

for (const [name, bytes, times] of goaways) {
  t.test(`RFC 9113 6.8, 8.7: ${name}: a POST is sent ${times === 1 ? 'once' : 'again'}`, async (t) => {
    let posts = 0;
    const upstream = await startFrames((socket, { type, stream }) => {
      if (type !== kind.headers) return;
      posts += 1;
      socket.write(posts === 1 ? bytes(stream) : head(stream, '204', flag.endStream));
    });
    const proxy = await before(t, upstream);
    t.equal((await call(proxy, { method: 'POST' }, 'pay'))[0], times === 1 ? 502 : 204);
    t.equal(posts, times);
  });
}

t.test('an answer may have as many fields as over HTTP/1.1', async (t) => {
  const upstream = await startHttp2((stream) => {
    const fields = Object.fromEntries(Array.from({ length: 1_500 }, (_one, n) => [`x-${n}`, '1']));
    stream.respond({ ':status': 204, ...fields }, { endStream: true });
  });
  const proxy = await before(t, upstream);
  t.equal((await call(proxy))[0], 204);
});

t.test('a request that waited for its token while a reload changed its connections has one of its own', async (t) => {
  const upstream = await startHttp2(async (stream) => {
    const body = await bodyOf(stream);
    stream.respond({ ':status': 200 });
    stream.end(body);
  });
  const provider = new CountingProvider();
  let give: () => void = () => {};
  provider.answer = () =>
    new Promise((resolve) => {
      give = () => resolve({});
    });
  const proxy = await before(t, upstream, { provider, config: { drainTimeout: 1 } });
  const answer = call(proxy, { method: 'POST', agent: false }, 'whole');
  await eventually(() => provider.count === 1, 'the request');
  const [route] = proxy.config.routes;
  const routes = route === undefined ? [] : [{ ...route, timeouts: { ...route.timeouts, idle: 7_000 } }];
  await proxy.app.reload({ ...proxy.config, routes });
  await sleep(200);
  give();
  t.same(await answer, [200, 'whole']);
  await eventually(() => upstream.sessions[0]?.destroyed === true, 'the end of its connection');
});

t.test('RFC 9113 7: HTTP_1_1_REQUIRED: the request and what follows go over HTTP/1.1', async (t) => {
  const upstream = await startHttp2((stream) => stream.close(13), { allowHTTP1: true });
  const posts: string[] = [];
  upstream.server.on('request', (seen, response) => {
    if (seen.httpVersionMajor !== 1) return;
    let body = '';
    seen.on('data', (chunk) => {
      body += chunk;
    });
    seen.on('end', () => {
      posts.push(body);
      response.end('1.1');
    });
  });
  const proxy = await before(t, upstream);
  for (const body of ['one', 'two']) t.same(await call(proxy, { method: 'POST' }, body), [200, '1.1']);
  t.same(posts, ['one', 'two']);
  t.equal(upstream.seen.length, 1, 'asked once');
});

t.test('a 102 gives the upstream its whole time again, and goes on to the client; a 100 does not', async (t) => {
  const upstream = await startHttp2((stream) => {
    stream.additionalHeaders({ ':status': 100 });
    setTimeout(() => stream.additionalHeaders({ ':status': 102 }), 1_500);
    setTimeout(() => {
      stream.respond({ ':status': 200 });
      stream.end('late');
    }, 3_000);
  });
  const proxy = await before(t, upstream, { route: { timeouts: { connect: 10_000, headers: 2_200, idle: 10_000 } } });
  const client = new RawClient(proxy.port);
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  t.match(await client.until(/late/), /^HTTP\/1\.1 102 [\s\S]*HTTP\/1\.1 200 OK\r\n/);
  client.socket.destroy();
});
