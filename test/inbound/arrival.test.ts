import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import t from 'tap';
import { ArrivedRequest } from '../../src/inbound/arrival.ts';
import { startProxy } from '../support/proxy.ts';
import { eventually, RawClient } from '../support/tcp.ts';
import { startUpstream } from '../support/upstream.ts';

t.test('a request without a body is read to its end, and its connection goes on', async (t) => {
  const seen: { readonly url: string | undefined; readonly ended: Promise<unknown> }[] = [];
  const serve = (request: ArrivedRequest, response: ServerResponse): void => {
    const ended = Promise.all([once(request, 'end'), once(request, 'close')]);
    request.readNothing();
    const early = request.url === '/early';
    seen.push({ url: request.url, ended });
    response.on('close', () => request.readNothing());
    setImmediate(() => {
      // as for an answer in one piece
      if (early) request.readNothing();
      response.end('ok');
    });
  };
  const server = createServer({ IncomingMessage: ArrivedRequest }, serve).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const text = ['/early', '/late', '/early', '/last']
    .map((path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${path === '/last' ? 'Connection: close\r\n' : ''}\r\n`)
    .join('');
  const client = new RawClient(port);
  client.write(text);
  await client.closed;
  t.equal(client.text.match(/HTTP\/1\.1 200 OK/g)?.length, 4);
  t.strictSame(
    seen.map(({ url }) => url),
    ['/early', '/late', '/early', '/last'],
  );
  await Promise.all(seen.map(({ ended }) => ended));
  t.pass('each of them has ended');
});

t.test('forwarded requests end while their connection stays, whatever form their answers have', async (t) => {
  const upstream = await startUpstream(({ url }, response) => {
    if (url === '/pieces') response.write('one');
    setImmediate(() => response.end('two'));
  });
  const proxy = await startProxy(upstream.url);
  const requests: IncomingMessage[] = [];
  const port = new URL(proxy.url).port;
  const note = (message: unknown): void => {
    // the shape that Node documents for this channel
    const { request } = message as { request: IncomingMessage };
    if (request.headers.host === `localhost:${port}`) requests.push(request);
  };
  subscribe('http.server.request.start', note);
  t.teardown(() => unsubscribe('http.server.request.start', note));
  const client = new RawClient(Number(port));
  for (const path of ['/whole', '/pieces']) {
    client.write(`GET ${path} HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`);
    await client.until(path === '/whole' ? /two/ : /one[\s\S]*\r\n0\r\n\r\n/);
  }
  await eventually(() => requests.every(({ readableEnded, destroyed }) => readableEnded && destroyed), 'they are over');
  t.equal(requests.length, 2);
  t.equal(client.ending, 'open');
  client.socket.destroy();
  await proxy.stop();
  await upstream.close();
});
