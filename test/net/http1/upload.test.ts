import { PassThrough, Readable } from 'node:stream';
import t from 'tap';
import { eventually, startTcp } from '../../support/tcp.ts';
import { connectionsTo, RecordedCall, turns } from './calls.ts';

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** An upstream that keeps what it gets, and answers when the test says so; and one connection to it. */
async function startKeeping(reads = true) {
  const kept = { text: '' };
  const upstream = await startTcp((socket) => {
    if (!reads) socket.pause();
    socket.on('data', (piece) => {
      kept.text += piece.toString('latin1');
    });
  });
  const connections = connectionsTo(upstream.url, 1);
  const send = (body: Readable, fields: readonly string[] = []): RecordedCall => {
    const call = new RecordedCall('/', { method: 'POST', fields, openBody: () => body });
    connections.send(call);
    return call;
  };
  const answer = (text = ok): void => {
    for (const socket of upstream.sockets) socket.write(text);
  };
  const close = async (): Promise<void> => {
    connections.close();
    await upstream.close();
  };
  return { upstream, connections, kept, send, answer, close };
}

t.test('the client’s own length is kept as it was written; without one the body is chunked', async (t) => {
  const head = (...lines: string[]) =>
    ['POST / HTTP/1.1', 'Host: HOST', 'Connection: keep-alive', ...lines, '', ''].join('\r\n');
  for (const [what, fields, pieces, bytes] of [
    ['a length', ['content-LENGTH', '005'], ['he', 'llo'], `${head('content-LENGTH: 005')}hello`],
    [
      'no length',
      ['X-A', '1'],
      ['he', 'llo'],
      `${head('X-A: 1', 'Transfer-Encoding: chunked')}2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n`,
    ],
    ['nothing', [], [], `${head('Transfer-Encoding: chunked')}0\r\n\r\n`],
    [
      'empty pieces, which would end it',
      [],
      ['', 'a', '', 'b'.repeat(26)],
      `${head('Transfer-Encoding: chunked')}1\r\na\r\n1a\r\n${'b'.repeat(26)}\r\n0\r\n\r\n`,
    ],
    [
      'a field that looks like a length',
      ['X-Content-Len', '5'],
      ['a'],
      `${head('X-Content-Len: 5', 'Transfer-Encoding: chunked')}1\r\na\r\n0\r\n\r\n`,
    ],
  ] as const) {
    const { upstream, kept, send, answer, close } = await startKeeping();
    const body = Readable.from(
      pieces.map((piece) => Buffer.from(piece)),
      { objectMode: true },
    );
    const call = send(body, fields);
    const wanted = bytes.replace('HOST', upstream.url.slice(7));
    await eventually(() => kept.text.length >= wanted.length, `${what}: all has come`);
    t.equal(kept.text, wanted, what);
    answer();
    t.equal(await call.over, 'ended');
    const again = send(Readable.from([Buffer.from('x')]));
    await eventually(() => kept.text.endsWith('x\r\n0\r\n\r\n'), 'the connection takes another');
    t.equal(again.events[0], 'begun reused');
    await close();
  }
});

t.test('a head goes out before the first piece is there', async (t) => {
  const { kept, send, close } = await startKeeping();
  send(new PassThrough());
  await eventually(() => kept.text.endsWith('\r\n\r\n'), 'the head has come');
  t.match(kept.text, /^POST \/ /);
  await close();
});

t.test('an answer before the end of the upload is whole, and ends the upload and the connection', async (t) => {
  const { upstream, kept, send, answer, close } = await startKeeping();
  const body = new PassThrough();
  body.write('a');
  const call = send(body);
  await eventually(() => kept.text.includes('a\r\n'), 'the upload has begun');
  answer();
  t.equal(await call.over, 'ended');
  t.equal(body.destroyed, true);
  await eventually(() => upstream.sockets.size === 0, 'the connection is closed');
  t.strictSame(call.events, ['begun new', 'answered 200', 'ok', 'ended']);
  await close();
});

t.test('a body that breaks off fails the request and its connection, so that nothing looks complete', async (t) => {
  const mine = new Error('mine');
  for (const [what, how, words] of [
    ['an error', (body: Readable) => body.destroy(mine), 'mine'],
    ['given up', (body: Readable) => body.destroy(), 'the request body was given up'],
  ] as const) {
    const { upstream, kept, send, close } = await startKeeping();
    const body = new PassThrough();
    body.write('a');
    const call = send(body);
    await eventually(() => kept.text.includes('a\r\n'), 'the upload has begun');
    how(body);
    t.equal((await call.error).message, words, what);
    await eventually(() => upstream.sockets.size === 0, 'the connection is closed');
    t.notOk(kept.text.endsWith('0\r\n\r\n'));
    t.strictSame(call.events, ['begun new', 'failed']);
    await close();
  }
});

t.test('a body that cannot be opened is the failure of its request alone', async (t) => {
  const { upstream, connections, kept, close } = await startKeeping();
  for (const thrown of [new Error('mine'), 'mine']) {
    const call = new RecordedCall('/', {
      openBody: () => {
        throw thrown;
      },
    });
    connections.send(call);
    t.equal((await call.error).message, 'mine');
    t.strictSame(call.events, ['begun new', 'failed']);
  }
  await eventually(() => upstream.sockets.size === 0, 'the connections are closed');
  t.equal(kept.text, '');
  await close();
});

t.test('an abort ends the upload', async (t) => {
  const { kept, send, close } = await startKeeping();
  const body = new PassThrough();
  const call = send(body);
  await eventually(() => kept.text !== '', 'the head has come');
  call.connection?.abort(new Error('enough'));
  t.equal(body.destroyed, true);
  await turns();
  t.strictSame(call.events, ['begun new', 'failed']);
  await close();
});

t.test('a body is read as fast as the upstream reads, and no faster', async (t) => {
  for (const fields of [[], ['Content-Length', String(64 * 1024 * 1024)]]) {
    const { upstream, kept, send, answer, close } = await startKeeping(false);
    const piece = Buffer.alloc(64 * 1024, 'x');
    let produced = 0;
    const body = new Readable({
      read() {
        produced += 1;
        this.push(produced > 1024 ? null : piece);
      },
    });
    const call = send(body, fields);
    await eventually(() => body.isPaused(), 'the upload waits');
    await turns(50);
    const before = produced;
    t.ok(before < 1024, `${before} of 1024 pieces were read`);
    for (const socket of upstream.sockets) socket.resume();
    await eventually(() => produced > 1024 && kept.text.length >= 64 * 1024 * 1024, 'it goes on', 20_000);
    answer();
    t.equal(await call.over, 'ended');
    await close();
  }
});
