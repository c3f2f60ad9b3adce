import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import t from 'tap';
import { loopback } from '../../support/certificates.ts';
import { eventually, startTcp } from '../../support/tcp.ts';
import { type CallOptions, connectionsTo, RecordedCall, turns } from './calls.ts';

// An upstream that answers and closes while the upload is under way. Both sides are in this process: what it does and what
// the client writes after it come in one turn of the event loop, before the client has read anything.

const full = 'HTTP/1.1 413 X\r\nContent-Length: 3\r\n\r\nbig';

/** An upload that has begun, to an upstream of which the test has the connection. */
async function uploading(tls: boolean, options: CallOptions = {}) {
  let socket: Socket | undefined;
  let came = 0;
  const server = await startTcp(
    (one) => {
      // what the kernel still holds back goes with a reset
      socket ??= one.setNoDelay(true);
      one.on('data', (piece) => {
        came += piece.length;
      });
    },
    tls ? loopback : undefined,
  );
  const connections = connectionsTo(server.url, 1);
  const body = new PassThrough();
  const call = new RecordedCall('/', { method: 'POST', openBody: () => body, ...options });
  connections.send(call);
  body.write('begun');
  await eventually(() => came > 100, 'the upload has begun');
  if (socket === undefined) throw new Error('there is no connection');
  const upstream = socket;
  /** More of the body is there than a paused connection takes; its close says so with a reset (RFC 9112 §9.6). */
  const leaveUnread = async (): Promise<void> => {
    upstream.pause();
    await turns();
    body.write(Buffer.alloc(300_000));
    await turns();
  };
  /** Says it and closes; the client writes on before it can know. */
  const answer = (text: string): void => {
    if (text !== '') upstream.write(text);
    upstream.destroy();
    for (let n = 0; n < 4; n += 1) body.write(Buffer.alloc(1_000));
  };
  const close = async (): Promise<void> => {
    connections.close();
    await server.close();
  };
  return { server, connections, upstream, body, call, leaveUnread, answer, close };
}

for (const tls of [false, true]) {
  const how = tls ? 'TLS' : 'TCP';

  t.test(`${how}: the answer is the upstream’s, although the upload can only fail`, async (t) => {
    for (const unread of [false, true]) {
      const { server, call, body, leaveUnread, answer, close } = await uploading(tls);
      if (unread) await leaveUnread();
      answer(full);
      await call.over;
      t.strictSame(call.events, ['begun new', 'answered 413', 'big', 'ended'], unread ? 'a reset' : 'an end');
      t.equal(body.destroyed, true, 'the upload is over');
      await eventually(() => server.sockets.size === 0, 'the connection is closed');
      await close();
    }
  });

  t.test(`${how}: without an answer, or with half of one, it is the failure that it was`, async (t) => {
    for (const [said, events] of [
      ['', ['begun new', 'failed']],
      [full.slice(0, -1), ['begun new', 'answered 413', 'bi', 'failed']],
      // the reset may have cut it
      ['HTTP/1.1 413 X\r\n\r\nbig', ['begun new', 'answered 413', 'big', 'failed']],
    ] as const) {
      const { call, body, leaveUnread, answer, close } = await uploading(tls);
      await leaveUnread();
      answer(said);
      await call.over;
      t.strictSame(call.events, events);
      if (call.events.includes('failed')) t.match(await call.error, { code: /^(EPIPE|ECONNRESET)$/ });
      t.equal(body.destroyed, true, 'the upload is over');
      await close();
    }
  });

  t.test(`${how}: an answer that is taken slowly is whole as well`, async (t) => {
    const text = 'x'.repeat(20_000);
    const answered = (call: RecordedCall) => call.connection?.pause();
    const { call, leaveUnread, upstream, answer, close } = await uploading(tls, { on: { answered } });
    await leaveUnread();
    upstream.write('HTTP/1.1 413 X\r\nContent-Length: 20000\r\n\r\n');
    await eventually(() => call.events.includes('answered 413'), 'its head is there');
    await new Promise((resolve) => upstream.write(text, resolve));
    answer('');
    await turns(20);
    t.strictSame(call.events, ['begun new', 'answered 413'], 'nothing more, and no failure');
    call.connection?.resume();
    t.equal(await call.over, 'ended');
    t.equal(call.events.slice(2, -1).join(''), text);
    await close();
  });

  t.test(`${how}: the connection is not used again, even where the upload had ended`, async (t) => {
    const { connections, call, body, leaveUnread, answer, close } = await uploading(tls);
    await leaveUnread();
    answer(full);
    body.end();
    t.equal(await call.over, 'ended');
    const next = new RecordedCall('/next');
    connections.send(next);
    await eventually(() => next.events.length > 0, 'it has a connection');
    t.strictSame(next.events, ['begun new']);
    await close();
  });

  t.test(
    `${how}: what the client still sends is read and dropped: it may read its answer only behind it`,
    async (t) => {
      const answered = (call: RecordedCall) => call.connection?.pause();
      const { call, body, leaveUnread, upstream, answer, close } = await uploading(tls, { on: { answered } });
      await leaveUnread();
      upstream.write(full.slice(0, -3));
      await eventually(() => call.events.includes('answered 413'), 'its head is there');
      await new Promise((resolve) => upstream.write('big', resolve));
      answer('');
      for (let pieces = 0; pieces < 5; pieces += 1) body.write(Buffer.alloc(100_000));
      await eventually(() => body.readableLength + body.writableLength === 0, 'more than it holds is taken');
      t.equal(body.destroyed, false, 'whose body it is still has an answer to read');
      call.connection?.abort(new Error('enough'));
      t.equal(body.destroyed, true);
      t.equal((await call.error).message, 'enough');
      await close();
    },
  );
}
