import t from 'tap';
import { startProxy } from '../support/proxy.ts';
import { eventually, RawClient, sleep } from '../support/tcp.ts';
import { startRawUpstream } from '../support/upstream.ts';

const MB = 1_000_000;

t.test('a slow reader of a 100 MB answer makes the upstream slow, not the memory large', async (t) => {
  let sent = 0;
  const upstream = await startRawUpstream((_request, response) => {
    const piece = Buffer.alloc(100_000);
    response.writeHead(200, { 'content-length': 100 * MB });
    const more = () => {
      while (sent < 100 * MB) {
        sent += piece.length;
        if (!response.write(piece)) {
          response.once('drain', more);
          return;
        }
      }
      response.end();
    };
    more();
  });
  const proxy = await startProxy(upstream.url);
  const client = new RawClient(proxy.port);
  let received = 0;
  client.socket.removeAllListeners('data');
  client.socket.on('data', (chunk) => {
    received += chunk.length;
  });
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  await eventually(() => received > 0, 'the answer has begun');
  client.socket.pause();
  const before = process.memoryUsage();
  let last = -1;
  while (last !== sent) {
    last = sent;
    await sleep(150);
  }
  const after = process.memoryUsage();
  t.ok(sent < 40 * MB, `the upstream could send ${sent / MB} MB of 100, kernel buffers included`);
  t.ok(after.rss - before.rss < 40 * MB, `memory grew by ${(after.rss - before.rss) / MB} MB`);
  client.socket.resume();
  await client.closed;
  t.ok(received > 100 * MB, 'and then all of it arrives');
  await proxy.stop();
  await upstream.close();
});

t.test('a slow upstream makes the upload slow, not the memory large', async (t) => {
  let received = 0;
  let goOn: () => void = () => {};
  const upstream = await startRawUpstream((request, response) => {
    goOn = () => {
      request.on('data', (chunk: Buffer) => {
        received += chunk.length;
      });
      request.on('end', () => response.end('done'));
    };
  });
  const proxy = await startProxy(upstream.url);
  const client = new RawClient(proxy.port);
  client.write(`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${100 * MB}\r\nConnection: close\r\n\r\n`);
  const piece = Buffer.alloc(100_000);
  let sent = 0;
  const more = () => {
    while (sent < 100 * MB) {
      sent += piece.length;
      if (!client.socket.write(piece)) {
        client.socket.once('drain', more);
        return;
      }
    }
  };
  const before = process.memoryUsage();
  more();
  let last = -1;
  while (last !== sent) {
    last = sent;
    await sleep(150);
  }
  const after = process.memoryUsage();
  t.ok(sent < 40 * MB, `the client could send ${sent / MB} MB of 100, kernel buffers included`);
  t.ok(after.rss - before.rss < 40 * MB, `memory grew by ${(after.rss - before.rss) / MB} MB`);
  goOn();
  await client.closed;
  t.match(client.text, /^HTTP\/1.1 200 OK\r\n/);
  t.equal(received, 100 * MB, 'and then all of it arrives');
  await proxy.stop();
  await upstream.close();
});

t.test('a 401 that is too long to read waits for its reader too', async (t) => {
  let sent = 0;
  const upstream = await startRawUpstream((_request, response) => {
    const piece = Buffer.alloc(100_000);
    response.writeHead(401, { 'content-length': 50 * MB });
    const more = () => {
      while (sent < 50 * MB) {
        sent += piece.length;
        if (!response.write(piece)) {
          response.once('drain', more);
          return;
        }
      }
      response.end();
    };
    more();
  });
  const proxy = await startProxy(upstream.url);
  const client = new RawClient(proxy.port);
  let received = 0;
  client.socket.removeAllListeners('data');
  client.socket.on('data', (chunk) => {
    received += chunk.length;
  });
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  await eventually(() => received > 0, 'the answer has begun');
  client.socket.pause();
  let last = -1;
  while (last !== sent) {
    last = sent;
    await sleep(150);
  }
  t.ok(sent < 40 * MB, `the upstream could send ${sent / MB} MB of 50`);
  client.socket.resume();
  await client.closed;
  t.ok(received > 50 * MB);
  await proxy.stop();
  await upstream.close();
});
