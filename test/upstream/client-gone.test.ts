import t from 'tap';
import { request } from 'undici';
import { read } from '../support/problem.ts';
import { CountingProvider, startProxy } from '../support/proxy.ts';
import { eventually, onHead, RawClient, sleep, startTcp } from '../support/tcp.ts';
import { startRawUpstream, startUpstream } from '../support/upstream.ts';

const get = 'GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n';

t.test('a client that leaves before the answer: the upstream request is ended, nothing is begun after', async (t) => {
  let closed = 0;
  const upstream = await startTcp((socket) => {
    socket.on('close', () => {
      closed += 1;
    });
    socket.resume();
  });
  const proxy = await startProxy(upstream.url);
  const client = new RawClient(proxy.port);
  client.write(get);
  await eventually(() => upstream.connections === 1, 'the request is upstream');
  await sleep(20);
  client.socket.destroy();
  await eventually(() => closed === 1, 'its connection is closed');
  await sleep(50);
  t.equal(upstream.connections, 1, 'no other is made in its place');
  await proxy.stop();
  t.match(
    proxy.output.records().filter(({ event }) => event === 'request'),
    [{ aborted: true, attempts: 1 }],
  );
  t.notMatch(proxy.output.text, /internal_error|unhandled/);
  await upstream.close();
});

t.test('a client that leaves in the middle of a download: the upstream stops sending', async (t) => {
  let sent = 0;
  let closed = false;
  const upstream = await startRawUpstream((_request, response) => {
    response.on('close', () => {
      closed = true;
    });
    const more = () => {
      while (!closed && response.write(Buffer.alloc(64 * 1024))) sent += 64 * 1024;
      if (!closed) response.once('drain', more);
    };
    more();
  });
  const proxy = await startProxy(upstream.url);
  const client = new RawClient(proxy.port);
  client.write(get);
  await client.until(/^HTTP\/1.1 200 OK/);
  client.socket.destroy();
  await eventually(() => closed, 'the download ends upstream');
  const atTheEnd = sent;
  await sleep(50);
  t.equal(sent, atTheEnd, 'nothing more is sent');
  await proxy.stop();
  t.match(
    proxy.output.records().filter(({ event }) => event === 'request'),
    [{ aborted: true, status: 200 }],
  );
  await upstream.close();
});

t.test(
  'a client that leaves while its token is fetched: nothing goes upstream, the token is there for the next',
  async (t) => {
    let release: () => void = () => {};
    const tokens = new CountingProvider();
    tokens.answer = async () => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return {};
    };
    const upstream = await startUpstream();
    const proxy = await startProxy(upstream.url, { provider: tokens });
    const client = new RawClient(proxy.port);
    client.write(get);
    await eventually(() => tokens.count === 1, 'the token request is under way');
    client.socket.destroy();
    await sleep(30);
    release();
    await sleep(30);
    t.equal(upstream.seen.length, 0);
    t.equal((await read(await request(proxy.url))).status, 200);
    t.equal(tokens.count, 1, 'the token request was not cancelled');
    await proxy.stop();
    await upstream.close();
  },
);

t.test('a client that leaves during the refresh after a 401: no repeat is sent for it', async (t) => {
  let release: () => void = () => {};
  const tokens = new CountingProvider();
  tokens.answer = async (n) => {
    if (n === 2) {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
    }
    return {};
  };
  const upstream = await startUpstream((seen, response) => {
    if (seen.headers.authorization === 'Bearer token1') response.writeHead(401).end('{"errorCode":"expiredToken"}');
    else response.end('fine');
  });
  const proxy = await startProxy(upstream.url, { provider: tokens });
  const client = new RawClient(proxy.port);
  client.write(get);
  await eventually(() => tokens.count === 2, 'the refresh is under way');
  client.socket.destroy();
  await sleep(30);
  release();
  await sleep(30);
  t.equal(upstream.seen.length, 1, 'no second attempt');
  t.match(await read(await request(proxy.url)), { status: 200, text: 'fine' });
  t.equal(tokens.count, 2);
  await proxy.stop();
  await upstream.close();
});

t.test(
  'a client that leaves while its request waits for a connection takes its place in the queue with it',
  async (t) => {
    const upstream = await startTcp((socket) =>
      onHead(socket, (head) => {
        if (!head.includes('/hang')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      }),
    );
    const proxy = await startProxy(upstream.url, { limits: { upstreamConnections: 1, queue: 1 } });
    const hanging = new RawClient(proxy.port);
    hanging.write('GET /hang HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await eventually(() => upstream.connections === 1, 'the only connection is busy');
    const waiting = new RawClient(proxy.port);
    waiting.write(get);
    await sleep(30);
    const refused = await read(await request(proxy.url));
    t.equal(refused.status, 503, 'the queue is full');
    t.match(JSON.parse(refused.text), { code: 'BEARERD_UPSTREAM_BUSY', retryable: true });
    t.match(refused.headers, { 'retry-after': '1', 'proxy-status': /error=connection_limit_reached/ });
    waiting.socket.destroy();
    hanging.socket.destroy();
    await sleep(50);
    t.equal((await read(await request(proxy.url))).status, 200, 'both places are free again');
    await proxy.stop();
    await upstream.close();
  },
);

t.test('an early client close with pipelined requests behind it harms nothing', async (t) => {
  const upstream = await startUpstream((_seen, response) => {
    setTimeout(() => response.end('late'), 30);
  });
  const proxy = await startProxy(upstream.url);
  const client = new RawClient(proxy.port);
  client.write(get + get + get);
  await eventually(() => upstream.seen.length > 0, 'the first is upstream');
  client.socket.resetAndDestroy();
  await sleep(60);
  t.equal((await read(await request(proxy.url))).status, 200);
  await proxy.stop();
  t.notMatch(proxy.output.text, 'internal_error');
  await upstream.close();
});
