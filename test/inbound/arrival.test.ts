import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import t from 'tap';
import { ArrivedRequest } from '../../src/inbound/arrival.ts';
import { RawClient } from '../support/tcp.ts';

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
