import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import t from 'tap';
import { request } from 'undici';
import { mostBuffered } from '../support/held-memory.ts';
import { isProblem, read } from '../support/problem.ts';
import { startProxy } from '../support/proxy.ts';
import { fieldsOf, onHead, RawClient, sleep, startTcp } from '../support/tcp.ts';
import { startUpstream } from '../support/upstream.ts';

const expired = '{"statusCode":401,"errorCode":"expiredToken"}';

/** A valid JSON text with the code at its front and so many bytes in all. */
function padded(bytes: number): Buffer {
  const front = '{"errorCode":"expiredToken","pad":"';
  return Buffer.from(`${front}${'x'.repeat(bytes - front.length - 2)}"}`);
}

t.test('a 401 body counts up to 64 KiB; a longer one is handed on whole and counts as no code (M12)', async (t) => {
  for (const { bytes, counts } of [
    { bytes: 64 * 1024, counts: true },
    { bytes: 64 * 1024 + 1, counts: false },
    { bytes: 3_000_000, counts: false },
  ]) {
    for (const chunked of [false, true]) {
      const upstream = await startUpstream((seen, response) => {
        if (seen.headers.authorization !== 'Bearer token1') return response.end('fine');
        const body = padded(bytes);
        response.writeHead(401, chunked ? {} : { 'content-length': body.length });
        return response.end(body);
      });
      const proxy = await startProxy(upstream.url);
      const answer = await read(await request(proxy.url));
      const what = `${bytes} bytes${chunked ? ', chunked' : ''}`;
      if (counts) {
        t.match(answer, { status: 200, text: 'fine' }, what);
      } else {
        t.equal(answer.status, 401, what);
        t.equal(answer.text.length, bytes, `${what}: whole`);
        t.equal(answer.text, padded(bytes).toString(), `${what}: byte for byte`);
        t.equal(proxy.tokens.count, 1, `${what}: no refresh`);
      }
      await proxy.stop();
      await upstream.close();
    }
  }
});

t.test(
  'coded 401 bodies: a bomb, a torn one, an unknown coding and two at once count as no code and go on as they came',
  async (t) => {
    const bomb = gzipSync(
      Buffer.concat([
        Buffer.from('{"errorCode":"expiredToken","pad":"'),
        Buffer.alloc(50_000_000, 'x'),
        Buffer.from('"}'),
      ]),
    );
    const cases: readonly [string, string, Buffer][] = [
      ['gzip bomb', 'gzip', bomb],
      [
        'brotli bomb',
        'br',
        brotliCompressSync(padded(50_000_000), { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
      ],
      ['truncated gzip', 'gzip', gzipSync(expired).subarray(0, 30)],
      ['gzip that is none', 'gzip', Buffer.from(expired)],
      ['deflate that is none', 'deflate', Buffer.from(expired)],
      ['an unknown coding', 'zstd', Buffer.from(expired)],
      ['two codings', 'gzip, gzip', gzipSync(gzipSync(expired))],
    ];
    for (const [name, coding, body] of cases) {
      const upstream = await startUpstream((_seen, response) =>
        response.writeHead(401, { 'content-encoding': coding }).end(body),
      );
      const proxy = await startProxy(upstream.url);
      const buffered = await mostBuffered(async () => {
        const answer = await request(proxy.url);
        t.equal(answer.statusCode, 401, name);
        t.ok(Buffer.from(await answer.body.arrayBuffer()).equals(body), `${name}: byte for byte`);
        t.equal(answer.headers['content-encoding'], coding);
      });
      t.equal(upstream.seen.length, 1, `${name}: not repeated`);
      t.equal(proxy.tokens.count, 1, `${name}: not refreshed`);
      // unpacked, each bomb takes 50 MB at least, and as much again to be put together
      t.ok(buffered < 30_000_000, `${name}: not unpacked, Buffers took ${buffered / 1_000_000} MB`);
      await proxy.stop();
      await upstream.close();
    }
  },
);

t.test('names of codings are compared without regard to case; identity and x-gzip are known', async (t) => {
  for (const [coding, body] of [
    ['GZIP', gzipSync(expired)],
    ['x-gzip', gzipSync(expired)],
    ['identity', Buffer.from(expired)],
  ] as const) {
    const upstream = await startUpstream((seen, response) => {
      if (seen.headers.authorization === 'Bearer token1')
        response.writeHead(401, { 'content-encoding': coding }).end(body);
      else response.end('fine');
    });
    const proxy = await startProxy(upstream.url);
    t.match(await read(await request(proxy.url)), { status: 200, text: 'fine' }, coding);
    await proxy.stop();
    await upstream.close();
  }
});

t.test('a 401 body that trickles in is waited for; the code counts', async (t) => {
  const upstream = await startTcp((socket) =>
    onHead(socket, async (head) => {
      if (!head.includes('token1')) {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine');
        return;
      }
      socket.write(`HTTP/1.1 401 Unauthorized\r\nContent-Length: ${expired.length}\r\n\r\n`);
      for (const byte of expired) {
        socket.write(byte);
        await sleep(2);
      }
    }),
  );
  const proxy = await startProxy(upstream.url);
  t.match(await read(await request(proxy.url)), { status: 200, text: 'fine' });
  await proxy.stop();
  await upstream.close();
});

t.test('a 401 body that never ends is handed on after 5 s as it comes, without a code', async (t) => {
  const upstream = await startTcp((socket) =>
    onHead(socket, () => {
      socket.write(`HTTP/1.1 401 Unauthorized\r\nContent-Length: 1000\r\n\r\n${expired}`);
      setTimeout(() => socket.write(' '.repeat(1000 - expired.length)), 6_000);
    }),
  );
  const proxy = await startProxy(upstream.url, {
    route: { timeouts: { connect: 2_000, headers: 10_000, idle: 10_000 } },
  });
  const answer = await read(await request(proxy.url));
  t.equal(answer.status, 401);
  t.equal(answer.text.trimEnd(), expired);
  t.equal(answer.text.length, 1000);
  t.equal(proxy.tokens.count, 1);
  await proxy.stop();
  await upstream.close();
});

t.test('a 401 whose body breaks off counts as no code, and the client is told what happened', async (t) => {
  const upstream = await startTcp((socket) =>
    onHead(socket, () => {
      socket.write(`HTTP/1.1 401 Unauthorized\r\nContent-Length: 1000\r\n\r\n${expired}`);
      setTimeout(() => socket.resetAndDestroy(), 20);
    }),
  );
  const proxy = await startProxy(upstream.url);
  const expected = { status: 502, code: 'BEARERD_UPSTREAM_TERMINATED', proxyStatus: 'connection_terminated' };
  isProblem(t, await read(await request(proxy.url)), expected, 'broken 401');
  t.equal(upstream.connections, 1, 'not repeated');
  t.equal(proxy.tokens.count, 1, 'not refreshed');
  await proxy.stop();
  await upstream.close();
});

t.test(
  'a client that leaves while its 401 is read ends the upstream connection, and nothing is refreshed',
  async (t) => {
    let closed: () => void = () => {};
    const wasClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const upstream = await startTcp((socket) => {
      socket.on('close', closed);
      onHead(socket, () => socket.write(`HTTP/1.1 401 Unauthorized\r\nContent-Length: 1000\r\n\r\n${expired}`));
    });
    const proxy = await startProxy(upstream.url);
    const client = new RawClient(proxy.port);
    client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    while (upstream.connections === 0) await sleep(5);
    await sleep(30);
    client.socket.destroy();
    await wasClosed;
    await sleep(20);
    t.equal(proxy.tokens.count, 1);
    await proxy.stop();
    t.match(
      proxy.output.records().find(({ event }) => event === 'request'),
      { aborted: true },
    );
    t.notMatch(proxy.output.text, 'internal_error');
    await upstream.close();
  },
);

t.test('a passed-through 401 is byte-identical with every header (M12; RFC 9110 11.6.1; U62)', async (t) => {
  const lines = [
    'WWW-Authenticate: Basic realm="Collibra"',
    'WWW-Authenticate: Bearer error="insufficient_scope", scope="a b"',
    'Content-Type: application/json',
    'X-A: 1',
    'x-a: 2',
    'Date: Sat, 21 Nov 2026 20:00:00 GMT',
    'Retry-After: 7',
    'Content-Length: 33',
  ];
  const body = '{"userMessage":"User lacks view"}';
  const upstream = await startTcp((socket) =>
    onHead(socket, () => socket.write(`HTTP/1.1 401 Not You\r\n${lines.join('\r\n')}\r\n\r\n${body}`)),
  );
  const proxy = await startProxy(upstream.url);
  const client = new RawClient(proxy.port);
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  await client.closed;
  t.equal(client.text, `HTTP/1.1 401 Not You\r\n${lines.join('\r\n')}\r\nConnection: close\r\n\r\n${body}`);
  t.same(
    fieldsOf(client.text).filter(([name]) => name === 'proxy-status'),
    [],
    'nothing is added',
  );
  await proxy.stop();
  await upstream.close();
});
