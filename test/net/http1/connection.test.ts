import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import t from 'tap';
import { collectedMemory } from '../../support/held-memory.ts';
import { eventually, onHead, startTcp } from '../../support/tcp.ts';
import { type CallOptions, connectionsTo, RecordedCall, turns } from './calls.ts';

/** An upstream that does something with each connection on which a request head has come, and one connection to it. */
async function startOne(behave: (socket: Socket, nth: number) => void) {
  const upstream = await startTcp((socket) => onHead(socket, (_head, nth) => behave(socket, nth)));
  const connections = connectionsTo(upstream.url, 1);
  const send = (options?: CallOptions, target = '/'): RecordedCall => {
    const call = new RecordedCall(target, options);
    connections.send(call);
    return call;
  };
  const close = async (): Promise<void> => {
    connections.close();
    await upstream.close();
  };
  return { upstream, connections, send, close };
}

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

t.test('how an answer can end before its time', async (t) => {
  for (const [what, said, end, events, words] of [
    ['nothing', '', 'end', ['failed'], /other side closed/],
    ['half a head', 'HTTP/1.1 200 OK\r\n', 'end', ['failed'], /other side closed/],
    ['a head before it', 'HTTP/1.1 103 X\r\n\r\n', 'end', ['informed 103', 'failed'], /other side closed/],
    ['half a body', 'HTTP/1.1 200 X\r\nContent-Length: 3\r\n\r\nok', 'end', ['answered 200', 'ok', 'failed'], /other/],
    [
      'a body without its last chunk',
      'HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n',
      'end',
      ['answered 200', 'ok', 'failed'],
      /other side closed/,
    ],
    ['a reset', '', 'resetAndDestroy', ['failed'], /ECONNRESET/],
    ['no HTTP', 'SSH-2.0\r\n', 'pause', ['failed'], /not HTTP/],
    ['a bad head', 'HTTP/1.1 200 X\r\nX-A : 1\r\n\r\n', 'pause', ['failed'], /bad header field/],
    [
      'a bad chunk',
      'HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      'pause',
      ['answered 200', 'failed'],
      /bad chunk size/,
    ],
    ['a body until the end', 'HTTP/1.1 200 X\r\n\r\nok', 'end', ['answered 200', 'ok', 'ended'], undefined],
  ] as const) {
    const { upstream, send, close } = await startOne((socket) => {
      if (said !== '') socket.write(said);
      socket[end]();
    });
    const call = send();
    await call.over;
    t.strictSame(call.events, ['begun new', ...events], what);
    if (words !== undefined) t.match((await call.error).message, words, what);
    await eventually(() => upstream.sockets.size === 0, `${what}: the connection is closed`);
    await close();
  }
});

t.test('what a reader throws is the failure of its request, and ends the connection', async (t) => {
  for (const event of ['informed', 'answered', 'received'] as const) {
    const { upstream, send, close } = await startOne((socket) => socket.write(`HTTP/1.1 103 X\r\n\r\n${ok}`));
    const mine = new Error('mine');
    const call = send({
      on: {
        [event]: () => {
          throw mine;
        },
      },
    });
    t.equal(await call.error, mine, event);
    await eventually(() => upstream.sockets.size === 0, 'the connection is closed');
    t.equal(call.events.filter((last) => last === 'failed' || last === 'ended').length, 1);
    await close();
  }
});

t.test('an abort at any time: one failure, nothing after it, the connection is closed', async (t) => {
  const reason = new Error('enough');
  let opened = 0;
  const openBody = () => {
    opened += 1;
    return Readable.from(['x']);
  };
  const abort = (call: RecordedCall) => call.connection?.abort(reason);
  const body =
    'HTTP/1.1 103 X\r\n\r\nHTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n';
  for (const [when, options, events] of [
    ['begun', { on: { begun: abort } }, ['failed']],
    ['begun, an upload', { on: { begun: abort }, openBody }, ['failed']],
    ['a head before the answer', { on: { informed: abort } }, ['informed 103', 'failed']],
    ['head', { on: { answered: abort } }, ['informed 103', 'answered 200', 'failed']],
    ['body', { on: { received: abort } }, ['informed 103', 'answered 200', 'a', 'failed']],
    [
      'paused',
      {
        on: {
          received: (call: RecordedCall) => {
            call.connection?.pause();
            abort(call);
          },
        },
      },
      ['informed 103', 'answered 200', 'a', 'failed'],
    ],
  ] as const) {
    const { upstream, send, close } = await startOne((socket) => socket.write(body));
    const call = send(options);
    t.equal(await call.error, reason, when);
    await eventually(() => upstream.sockets.size === 0, `${when}: the connection is closed`);
    call.connection?.abort(new Error('again'));
    await turns();
    t.strictSame(call.events, ['begun new', ...events], when);
    await close();
  }
  t.equal(opened, 0, 'no body was opened for nobody');
});

t.test('a paused request does not pause the next', async (t) => {
  const { send, close } = await startOne((socket) => socket.write(ok));
  const first = send({ on: { received: (call) => call.connection?.pause() } });
  t.equal(await first.over, 'ended');
  const second = send();
  t.equal(await second.over, 'ended');
  t.equal(second.events[0], 'begun reused');
  await close();
});

t.test('nothing is told while it is paused', async (t) => {
  let goOn = (): void => {};
  const { send, close } = await startOne((socket, nth) => {
    if (nth === 1) socket.write('HTTP/1.1 200 X\r\n\r\na');
    goOn = () => socket.end('b');
  });
  const call = send({ on: { received: ({ connection, events }) => events.length === 3 && connection?.pause() } });
  await eventually(() => call.events.length === 3, 'the first piece is there');
  goOn();
  await turns(20);
  t.strictSame(call.events, ['begun new', 'answered 200', 'a']);
  call.connection?.resume();
  t.equal(await call.over, 'ended');
  t.strictSame(call.events.slice(3), ['b', 'ended']);
  await close();
});

t.test('trailers, and none of them in the next answer', async (t) => {
  const { send, close } = await startOne((socket, nth) => {
    socket.write(nth === 1 ? 'HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n' : ok);
  });
  const calls = [send(), send()];
  for (const call of calls) await call.over;
  t.strictSame(
    calls.map(({ trailers }) => trailers),
    [['X-T', '1'], []],
  );
  await close();
});

t.test('101: the connection is the reader’s, with what came behind the head', async (t) => {
  for (const rest of ['', 'hello']) {
    const { connections, send, close } = await startOne((socket) => {
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n${rest}`);
      socket.on('data', (piece) => {
        if (piece.toString().endsWith('bye')) socket.end('end');
      });
    });
    const call = send({ upgrade: true });
    const socket = await call.socket;
    t.strictSame(call.events, ['begun new', 'answered 101', 'switched 101'], rest);
    call.connection?.abort(new Error('it is not yours any more'));
    connections.close();
    await turns();
    t.equal(socket.destroyed, false, 'nor the pool’s');
    let text = '';
    socket.on('data', (piece) => {
      text += piece.toString();
    });
    socket.resume();
    socket.write('bye');
    // Node ends our side with the other
    await new Promise((resolve) => socket.on('close', resolve));
    t.equal(text, `${rest}end`);
    t.equal(call.events.length, 3, 'nothing was told after it');
    await close();
  }
});

t.test('an error between two owners of a switched connection ends nothing', async (t) => {
  const { send, close } = await startOne((socket) => {
    socket.write('HTTP/1.1 101 X\r\n\r\n', () => setImmediate(() => socket.resetAndDestroy()));
  });
  const socket = await send({ upgrade: true }).socket;
  socket.resume();
  await eventually(() => socket.destroyed, 'the reset has come');
  t.equal(socket.destroyed, true);
  await close();
});

t.test('an idle connection keeps nothing of the request before', async (t) => {
  const { upstream, send, close } = await startOne((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=600\r\nContent-Length: 2\r\n\r\nok');
  });
  const weak = await (async () => {
    const call = send({
      method: 'POST',
      fields: ['Content-Length', '1'],
      openBody: () => Readable.from([Buffer.from('x')]),
    });
    await call.over;
    return new WeakRef(call);
  })();
  for (let n = 0; n < 10 && weak.deref() !== undefined; n += 1) {
    await turns();
    await collectedMemory();
  }
  t.equal(weak.deref(), undefined);
  t.equal(upstream.sockets.size, 1, 'the connection is there');
  await close();
});
