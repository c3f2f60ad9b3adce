import t from 'tap';
import { request } from 'undici';
import { isProblem, read } from '../support/problem.ts';
import { startProxy } from '../support/proxy.ts';
import { eventually, onHead, RawClient, sleep, startTcp } from '../support/tcp.ts';
import { startRawUpstream } from '../support/upstream.ts';

const late = { status: 504, code: 'BEARERD_UPSTREAM_RESPONSE_TIMEOUT', proxyStatus: 'http_response_timeout' };

/** timeouts.headers; the others are out of the way. */
function limited(headersMs: number) {
  return { route: { timeouts: { connect: 5_000, headers: headersMs, idle: 10_000 } } };
}

t.test('hanging: 504 at the limit, not at the next tick of a coarse clock (issue 3, acceptance 4)', async (t) => {
  const limitMs = 1_200;
  const upstream = await startTcp((socket) => socket.resume());
  const proxy = await startProxy(upstream.url, limited(limitMs));
  const after = async (work: Promise<unknown>): Promise<number> => {
    const startedMs = performance.now();
    await work;
    return performance.now() - startedMs;
  };
  const answered = (async () => isProblem(t, await read(await request(proxy.url)), late, 'hanging'))();
  const uploaded = (async () =>
    isProblem(t, await read(await request(proxy.url, { method: 'POST', body: 'all of it' })), late, 'upload'))();
  // a machine that stands still delays this timer as well
  const [own, get, post] = await Promise.all([after(sleep(limitMs)), after(answered), after(uploaded)]);
  for (const [name, tookMs] of [
    ['GET', get],
    ['POST', post],
  ] as const) {
    t.ok(tookMs >= limitMs - 2, `${name}: not before the limit: ${tookMs} ms`);
    t.ok(tookMs - own < 250, `${name}: ${tookMs - own} ms after a timer of the test's own`);
  }
  await proxy.stop();
  await upstream.close();
});

t.test('the detail names origin and limit', async (t) => {
  const upstream = await startTcp((socket) => socket.resume());
  const proxy = await startProxy(upstream.url, limited(50));
  const { text } = await read(await request(proxy.url));
  t.equal(JSON.parse(text).detail, `${upstream.url}: no head of an answer within 0.05 s`);
  await proxy.stop();
  await upstream.close();
});

t.test('an upstream that does not read the upload is a 504 too', async (t) => {
  const upstream = await startTcp((socket) => socket.pause());
  const proxy = await startProxy(upstream.url, limited(400));
  const client = new RawClient(proxy.port);
  client.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000000\r\n\r\n');
  client.write(Buffer.alloc(50_000_000));
  t.match(await client.until(/BEARERD_UPSTREAM_RESPONSE_TIMEOUT/), /^HTTP\/1.1 504 /);
  client.socket.destroy();
  await proxy.stop();
  await upstream.close();
});

t.test('a client that takes its time over the upload does not use up the time of the upstream', async (t) => {
  const upstream = await startRawUpstream((incoming, response) => {
    incoming.resume();
    incoming.on('end', () => setTimeout(() => response.end('had it all'), 200));
  });
  const proxy = await startProxy(upstream.url, limited(400));
  const client = new RawClient(proxy.port);
  client.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nConnection: close\r\n\r\n');
  await sleep(600);
  client.write('a');
  await sleep(600);
  client.write('bc');
  await client.closed;
  t.match(client.text, /^HTTP\/1.1 200 OK\r\n[\s\S]*had it all/);
  await proxy.stop();
  await upstream.close();
});

t.test('an upstream that says that it works (1xx) has its whole time again', async (t) => {
  const upstream = await startTcp((socket) =>
    onHead(socket, async () => {
      for (let i = 0; i < 4; i += 1) {
        await sleep(200);
        socket.write('HTTP/1.1 102 Processing\r\n\r\n');
      }
      await sleep(200);
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone');
    }),
  );
  const proxy = await startProxy(upstream.url, limited(600));
  t.match(await read(await request(proxy.url)), { status: 200, text: 'done' });
  await proxy.stop();
  await upstream.close();
});

t.test('a slow body has the head behind it; 0 = no limit', async (t) => {
  const upstream = await startRawUpstream((incoming, response) => {
    const [head, body] = incoming.url === '/slow-head' ? [500, 0] : [0, 500];
    setTimeout(() => {
      response.write('begun ');
      setTimeout(() => response.end('and done'), body);
    }, head);
  });
  const slowBody = await startProxy(upstream.url, limited(250));
  t.match(await read(await request(`${slowBody.url}/slow-body`)), { status: 200, text: 'begun and done' });
  const unlimited = await startProxy(upstream.url, limited(0));
  t.match(await read(await request(`${unlimited.url}/slow-head`)), { status: 200, text: 'begun and done' });
  await slowBody.stop();
  await unlimited.stop();
  await upstream.close();
});

t.test('a request that waits for a connection is not late yet', async (t) => {
  const upstream = await startRawUpstream((_incoming, response) => {
    setTimeout(() => response.end('fine'), 300);
  });
  const proxy = await startProxy(upstream.url, { ...limited(450), limits: { upstreamConnections: 1 } });
  const answers = await Promise.all([1, 2, 3].map(async () => (await read(await request(proxy.url))).status));
  t.strictSame(answers, [200, 200, 200]);
  await eventually(() => upstream.sockets.size <= 1, 'over one connection');
  await proxy.stop();
  await upstream.close();
});
