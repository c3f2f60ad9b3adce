import t from 'tap';
import { startProxy } from './support/proxy.ts';
import { eventually, RawClient, sleep } from './support/tcp.ts';
import { startRawUpstream, startUpstream } from './support/upstream.ts';

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

t.test('stop: what is in flight finishes, idle connections are closed, nobody new gets in', async (t) => {
  let finish: () => void = () => {};
  const upstream = await startUpstream((seen, response) => {
    if (seen.url === '/slow') finish = () => response.end('finished');
    else response.end('ok');
  });
  const proxy = await startProxy(upstream.url, { config: { drainTimeout: 20_000 } });
  const idle = new RawClient(proxy.port);
  idle.write(get('/idle'));
  await idle.until(/ok$/);
  const busy = new RawClient(proxy.port);
  busy.write(get('/slow'));
  await eventually(() => upstream.seen.length === 2, 'the slow one is upstream');
  const fresh = new RawClient(proxy.port);
  await sleep(20);
  const startedMs = performance.now();
  const stopped = proxy.stop();
  await idle.closed;
  t.equal(idle.ending, 'end', 'the idle connection is closed in good order');
  busy.write(get('/late'));
  const refused = new RawClient(proxy.port);
  await refused.closed;
  t.equal(refused.ending, 'reset', 'a new connection is refused');
  await sleep(50);
  finish();
  await busy.until(/finished/);
  await busy.closed;
  t.notOk(
    upstream.seen.some(({ url }) => url === '/late'),
    'a request on a kept connection goes nowhere while draining',
  );
  t.match(busy.text, /BEARERD_DRAINING|finished$/);
  await stopped;
  t.ok(performance.now() - startedMs < 10_000, 'the stop waits for no time-out');
  fresh.socket.destroy();
  await upstream.close();
});

t.test('a request on a kept connection while draining gets 503 and the end of the connection', async (t) => {
  let finish: () => void = () => {};
  const upstream = await startUpstream((seen, response) => {
    if (seen.url === '/slow') finish = () => response.end('finished');
    else response.end('ok');
  });
  const proxy = await startProxy(upstream.url);
  const slow = new RawClient(proxy.port);
  slow.write(get('/slow'));
  // half a request: its connection is not idle
  const kept = new RawClient(proxy.port);
  kept.write('GET /kept HTTP/1.1\r\nHost: local');
  await eventually(() => upstream.seen.length === 1, 'the slow one is upstream');
  await sleep(20);
  const stopped = proxy.stop();
  await sleep(10);
  kept.write('host\r\n\r\n');
  await kept.closed;
  t.match(kept.text, /^HTTP\/1.1 503 Service Unavailable\r\n/);
  t.match(kept.text, /"code":"BEARERD_DRAINING"/);
  t.match(kept.text, /\r\nConnection: close\r\n/);
  t.match(kept.text, /\r\nRetry-After: 1\r\n/);
  finish();
  await slow.until(/finished/);
  await stopped;
  t.equal(upstream.seen.length, 1);
  await upstream.close();
});

t.test('what hangs is ended when drainTimeout is over', async (t) => {
  let closed = false;
  const upstream = await startRawUpstream((_request, response) => {
    response.on('close', () => {
      closed = true;
    });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 1\n\n');
  });
  const proxy = await startProxy(upstream.url, { config: { drainTimeout: 200 } });
  const client = new RawClient(proxy.port);
  client.write(get('/events'));
  await client.until(/data: 1/);
  const startedMs = performance.now();
  await proxy.stop();
  const tookMs = performance.now() - startedMs;
  t.ok(tookMs >= 180 && tookMs < 5_000, `stopped after ${Math.round(tookMs)} ms`);
  await client.closed;
  await eventually(() => closed, 'the upstream side is ended too');
  await upstream.close();
});

t.test('stop twice, and stop before start, harm nothing', async (t) => {
  const upstream = await startUpstream();
  const proxy = await startProxy(upstream.url);
  await Promise.all([proxy.app.stop(), proxy.app.stop()]);
  await proxy.app.stop();
  await upstream.close();
  t.pass();
});

t.test('a token request in flight does not hold up the stop', async (t) => {
  const upstream = await startUpstream();
  const proxy = await startProxy(upstream.url, { config: { drainTimeout: 100 } });
  proxy.tokens.answer = () => new Promise(() => {});
  const client = new RawClient(proxy.port);
  client.write(get('/x'));
  await eventually(() => proxy.tokens.count === 1, 'the token request is under way');
  const startedMs = performance.now();
  await proxy.stop();
  t.ok(performance.now() - startedMs < 5_000);
  await client.closed;
  t.equal(upstream.seen.length, 0);
  await upstream.close();
});
