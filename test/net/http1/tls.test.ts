import { connect, type Socket } from 'node:net';
import t from 'tap';
import { loopback } from '../../support/certificates.ts';
import { eventually, onHead, startTcp } from '../../support/tcp.ts';
import { type CallOptions, connectionsTo, RecordedCall, turns } from './calls.ts';

// What is different where the connection is a TLSSocket. The upstream stands behind a relay of TCP, on which the test can
// cut a connection below TLS, and its bytes anywhere.

/** Bytes from the upstream on their way to the client. */
type Passage = (bytes: Buffer, client: Socket) => void;
const whole: Passage = (bytes, client) => client.write(bytes);

/** An upstream that does something with each connection on which a request head has come, and one connection to it. */
async function startOne(behave: (socket: Socket, nth: number) => void, passage = whole) {
  const upstream = await startTcp((socket) => onHead(socket, (_head, nth) => behave(socket, nth)), loopback);
  const relay = await startTcp((client) => {
    const way = connect(upstream.port, '127.0.0.1').setNoDelay(true);
    client.setNoDelay(true).on('data', (bytes) => way.write(bytes));
    client.on('drain', () => way.resume());
    client.on('end', () => way.end()).on('close', () => way.destroy());
    way.on('data', (bytes) => {
      passage(bytes, client);
      if (client.writableNeedDrain) way.pause();
    });
    way.on('end', () => client.end());
    way.on('error', () => client.resetAndDestroy());
  });
  const connections = connectionsTo(relay.url.replace('http:', 'https:'), 1);
  const send = (options?: CallOptions): RecordedCall => {
    const call = new RecordedCall('/', options);
    connections.send(call);
    return call;
  };
  /** Ends the connection to the client, without a word of TLS. */
  const cut = (how: 'end' | 'resetAndDestroy'): void => {
    for (const client of relay.sockets) client[how]();
  };
  const close = async (): Promise<void> => {
    connections.close();
    await Promise.all([relay.close(), upstream.close()]);
  };
  return { upstream, relay, send, cut, close };
}

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const untilClose = 'HTTP/1.1 200 X\r\n\r\nok';

t.test('a connection is used again', async (t) => {
  const { upstream, send, close } = await startOne((socket) => socket.write(ok));
  for (const begun of ['begun new', 'begun reused', 'begun reused']) {
    const call = send();
    t.equal(await call.over, 'ended');
    t.strictSame(call.events, [begun, 'answered 200', 'ok', 'ended']);
  }
  t.equal(upstream.connections, 1);
  await close();
});

t.test('close_notify', async (t) => {
  for (const [what, said, events] of [
    ['in place of an answer', '', ['failed']],
    ['in the middle of one', ok.slice(0, -1), ['answered 200', 'o', 'failed']],
    ['behind one', ok, ['answered 200', 'ok', 'ended']],
    ['as the end of one', untilClose, ['answered 200', 'ok', 'ended']],
  ] as const) {
    const { upstream, send, close } = await startOne((socket) => socket.end(said));
    const call = send();
    await call.over;
    t.strictSame(call.events, ['begun new', ...events], what);
    await eventually(() => upstream.sockets.size === 0, 'the connection is closed');
    const next = send();
    await next.over;
    t.equal(next.events[0], 'begun new', `${what}: the next has a new one`);
    await close();
  }
});

t.test('a reset below TLS is no end of an answer', async (t) => {
  const { send, cut, close } = await startOne((socket) => socket.write(untilClose));
  const call = send({ on: { received: () => cut('resetAndDestroy') } });
  t.match(await call.error, { code: 'ECONNRESET' });
  t.strictSame(call.events, ['begun new', 'answered 200', 'ok', 'failed']);
  await close();
});

t.test('an end below TLS is no end of an answer whose length is known', async (t) => {
  const { send, cut, close } = await startOne((socket) => socket.write(ok.slice(0, -1)));
  const call = send({ on: { received: () => cut('end') } });
  t.match((await call.error).message, /other side closed/);
  await close();
});

t.test(
  'where the end of the connection is that of the answer, an end below TLS is taken for close_notify',
  async (t) => {
    // RFC 9112 §9.8 would have it told from that, but a TLSSocket says `end` to both (Node 20 and 24)
    const { send, cut, close } = await startOne((socket) => socket.write(untilClose));
    const call = send({ on: { received: () => cut('end') } });
    t.equal(await call.over, 'ended');
    await close();
  },
);

t.test('what came before a reset, and waits because of a pause, is read', async (t) => {
  const { relay, send, cut, close } = await startOne((socket) => {
    socket.write('HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\n', () => setTimeout(() => socket.write('ok'), 50));
  });
  const call = send({ on: { answered: (one) => one.connection?.pause() } });
  await eventually(() => call.events.includes('answered 200'), 'the head is there');
  const before = [...relay.sockets].map((client) => client.bytesWritten);
  await eventually(
    () => [...relay.sockets].some((client, n) => client.bytesWritten > (before[n] ?? 0)),
    'the rest too',
  );
  await turns(20);
  cut('resetAndDestroy');
  await call.over;
  t.strictSame(call.events, ['begun new', 'answered 200', 'ok', 'ended']);
  await close();
});

t.test('an answer in many records, each of which comes in pieces', async (t) => {
  const body = 'abcdefghij'.repeat(30);
  const inSevens: Passage = (bytes, client) => {
    for (let at = 0; at < bytes.length; at += 7) client.write(bytes.subarray(at, at + 7));
  };
  const { send, close } = await startOne((socket) => {
    const answer = `HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n12c\r\n${body}\r\n0\r\nX-T: 1\r\n\r\n`;
    for (let at = 0; at < answer.length; at += 3) socket.write(answer.slice(at, at + 3));
  }, inSevens);
  for (const begun of ['begun new', 'begun reused']) {
    const call = send();
    t.equal(await call.over, 'ended');
    t.strictSame(call.events.slice(0, 2), [begun, 'answered 200']);
    t.equal(call.events.slice(2, -1).join(''), body);
    t.strictSame(call.trailers, ['X-T', '1']);
  }
  await close();
});

t.test('bytes on an idle connection end it, and answer nobody', async (t) => {
  let upstreams: Socket | undefined;
  const { send, close } = await startOne((socket) => {
    upstreams = socket;
    socket.write(ok);
  });
  await send().over;
  const idle = upstreams;
  idle?.write(ok.replace('ok', 'no'));
  // well before an idle connection is closed anyway
  await eventually(() => idle?.destroyed === true, 'it is closed', 2_000);
  const call = send();
  await call.over;
  t.strictSame(call.events, ['begun new', 'answered 200', 'ok', 'ended']);
  await close();
});
