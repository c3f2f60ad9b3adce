import t from 'tap';
import { startProxy } from '../support/proxy.ts';
import { eventually, onHead, RawClient, sleep, startTcp } from '../support/tcp.ts';
import { startUpstream } from '../support/upstream.ts';

// Sockets that Node gives away, because of CONNECT or Upgrade, while answers are still to come on them, or with an error to come.

const fields = 'Host: localhost\r\nConnection: Upgrade\r\n';
const webSocket = `GET /ws HTTP/1.1\r\n${fields}Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
const h2c = `GET /h2c HTTP/1.1\r\n${fields}Upgrade: h2c\r\n\r\n`;
const connect = 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n';
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

t.test('a reset behind CONNECT or an upgrade harms nobody', async (t) => {
  const upstream = await startUpstream((_seen, response) => response.end('ok'));
  const proxy = await startProxy(upstream.url);
  for (const first of [connect, h2c, webSocket, 'rubbish\r\n\r\n', `${get('/')}${connect}`]) {
    for (let n = 0; n < 20; n += 1) {
      const client = new RawClient(proxy.port);
      client.write(first);
      if (n % 2 === 0) await sleep(n / 4);
      client.socket.resetAndDestroy();
      await client.closed;
    }
  }
  const last = new RawClient(proxy.port);
  last.write(get('/last'));
  await last.until(/ok$/);
  last.socket.destroy();
  await proxy.stop();
  t.notMatch(proxy.output.text, /internal_error/);
  await upstream.close();
});

t.test('behind an answer that closes the connection nothing is served, whatever it is', async (t) => {
  const upstream = await startUpstream((_seen, response) => response.end('ok'));
  const proxy = await startProxy(upstream.url);
  const refused = 'POST / HTTP/1.1\r\nHost: evil\r\nContent-Length: 4\r\n\r\n';
  for (const [how, behind] of [
    ['CONNECT', connect],
    ['a WebSocket', webSocket],
    ['h2c', h2c],
    ['rubbish', 'rubbish\r\n\r\n'],
  ]) {
    for (const atOnce of [true, false]) {
      const client = new RawClient(proxy.port);
      client.write(atOnce ? `${refused}body${behind}` : refused);
      await client.until(/^HTTP\/1.1 421 /);
      if (!atOnce) client.write(`body${behind}`);
      await client.closed;
      t.equal(client.text.match(/HTTP\/1.1 /g)?.length, 1, `${how}${atOnce ? ' in one packet' : ''}`);
    }
  }
  t.equal(upstream.seen.length, 0);
  await proxy.stop();
  await upstream.close();
});

t.test('a handshake behind an answer of our own waits until that is over', async (t) => {
  const upstream = await startUpstream((_seen, response) => response.end('ok'));
  const proxy = await startProxy(upstream.url);
  const own = 'OPTIONS * HTTP/1.1\r\nHost: localhost\r\nMax-Forwards: 0\r\n\r\n';
  for (const behind of [webSocket, h2c]) {
    const client = new RawClient(proxy.port);
    client.write(own + behind);
    await client.until(/^HTTP\/1.1 204 [\s\S]*HTTP\/1.1 200 OK[\s\S]*ok$/);
    client.socket.destroy();
  }
  t.equal(upstream.seen.length, 2);
  await proxy.stop();
  await upstream.close();
});

t.test(
  'a large answer comes whole although a handshake or CONNECT waits behind it, and ends when its client leaves',
  async (t) => {
    const length = 3_000_000;
    const upstream = await startTcp((socket) => {
      onHead(socket, (head) => {
        const size = head.startsWith('GET /big') ? length : 2;
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`);
      });
    });
    const proxy = await startProxy(upstream.url);
    for (const [behind, second] of [
      [connect, /HTTP\/1.1 405 /],
      [webSocket, /HTTP\/1.1 200 OK[\s\S]*xx$/],
      [h2c, /HTTP\/1.1 200 OK[\s\S]*xx$/],
    ] as const) {
      const client = new RawClient(proxy.port);
      client.write(get('/first') + get('/big') + behind);
      await eventually(() => client.text.length > length && second.test(client.text.slice(length)), 'both answers');
      client.socket.destroy();
      await client.closed;

      const leaving = new RawClient(proxy.port);
      leaving.socket.pause();
      const before = upstream.connections;
      leaving.write(get('/big') + behind);
      await eventually(() => upstream.connections > before || upstream.sockets.size > 0, 'it is upstream');
      await sleep(50);
      leaving.socket.resetAndDestroy();
      await leaving.closed;
    }
    await proxy.stop();
    await eventually(() => upstream.sockets.size === 0, 'nothing is left at the upstream');
    t.notMatch(proxy.output.text, /internal_error/);
    await upstream.close();
  },
);

t.test('what is wrong with a pipelined request is not told in the place of the answer before it', async (t) => {
  const slow: (() => void)[] = [];
  const upstream = await startTcp((socket) => {
    onHead(socket, (head) => {
      const path = head.split(' ')[1];
      if (path === '/slow') slow.push(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow'));
      if (path === '/half') {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf');
        slow.push(() => socket.write('done'));
      }
    });
  });
  const proxy = await startProxy(upstream.url);
  const broken = 'POST /broken HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n';
  for (const [path, whole] of [
    ['/slow', /^HTTP\/1.1 200 OK\r\n[\s\S]*\r\n\r\nslow/],
    ['/half', /^HTTP\/1.1 200 OK\r\n[\s\S]*\r\n\r\nhalfdone/],
  ] as const) {
    const client = new RawClient(proxy.port);
    client.write(get(path));
    await eventually(() => slow.length === 1, 'the first is upstream');
    client.write(broken);
    await sleep(50);
    slow.pop()?.();
    await client.until(whole);
    await client.closed;
    t.notMatch(client.text.slice(0, client.text.search(/slow|halfdone/)), /400/, path);
  }
  await proxy.stop();
  await upstream.close();
});
