import t from 'tap';
import { startProxy } from '../support/proxy.ts';
import { eventually, onHead, RawClient, sleep, startTcp } from '../support/tcp.ts';

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

/** An upstream that says nothing to /slow until the test does, and that sends more of /big than anybody takes. */
async function startSlow() {
  const slow: (() => void)[] = [];
  const upstream = await startTcp((socket) => {
    onHead(socket, (head) => {
      const path = head.split(' ')[1];
      if (path === '/slow') slow.push(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow'));
      else if (path === '/big')
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n${'x'.repeat(5_000_000)}`);
      else if (path === '/broken') {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart');
        setTimeout(() => socket.resetAndDestroy(), 20);
      } else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfast');
    });
  });
  return { upstream, slow };
}

t.test('a client that leaves ends every request of its connection, and each has its line', async (t) => {
  const { upstream, slow } = await startSlow();
  const proxy = await startProxy(upstream.url, { limits: { upstreamConnections: 20 } });
  const client = new RawClient(proxy.port);
  client.write(get('/slow') + get('/big').repeat(12) + get('/slow'));
  await eventually(() => upstream.connections === 14 && slow.length === 2, 'all are upstream');
  client.socket.destroy();
  await eventually(() => upstream.sockets.size === 0, 'none is left there');
  await proxy.stop();
  const lines = proxy.output.records().filter(({ event }) => event === 'request');
  t.strictSame(
    lines.map(({ aborted }) => aborted),
    Array(14).fill(true),
  );
  t.notMatch(proxy.output.text, /internal_error|MaxListeners/);
  await upstream.close();
});

t.test(
  'an answer that breaks off before its turn ends the connection when that comes; those before it are whole',
  async (t) => {
    const { upstream, slow } = await startSlow();
    const proxy = await startProxy(upstream.url);
    for (const behind of [get('/fast'), 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', 'no request\r\n\r\n']) {
      const client = new RawClient(proxy.port);
      const before = proxy.output.records().length;
      client.write(get('/slow') + get('/broken'));
      await eventually(() => slow.length === 1, 'the first is upstream');
      await sleep(100);
      client.write(behind);
      await sleep(50);
      t.equal(client.text, '', 'nothing overtakes the first');
      slow.pop()?.();
      await client.closed;
      t.match(client.text, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nslow$/, 'and nothing comes behind it');
      await eventually(() => proxy.output.records().length >= before + 2, 'both have their line');
    }
    await proxy.stop();
    await upstream.close();
  },
);
