import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import t from 'tap';
import { loopback } from '../../support/certificates.ts';
import { eventually, onHead, startTcp } from '../../support/tcp.ts';
import { connectionsTo, RecordedCall, turns } from './calls.ts';

// Back-pressure through TLS: a TLSSocket has buffers of its own between what it reads and what it hands on.

const size = 16 * 1024 * 1024;
const large = Buffer.alloc(size, 'a line of a large body\n');
const digest = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

t.test('a download is read as fast as it is taken, and no faster', async (t) => {
  let waiting = (): number => 0;
  const upstream = await startTcp((socket) => {
    waiting = () => socket.writableLength;
    onHead(socket, () => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
      for (let at = 0; at < size; at += 65_536) socket.write(large.subarray(at, at + 65_536));
    });
  }, loopback);
  const connections = connectionsTo(upstream.url, 1);
  let pieces = 0;
  const received = ({ connection, events }: RecordedCall): void => {
    pieces += 1;
    if (pieces > 3) return;
    connection?.pause();
    const before = events.length;
    setTimeout(() => {
      t.equal(events.length, before, 'nothing comes in a pause');
      t.ok(waiting() > 0, 'the upstream waits');
      connection?.resume();
    }, 30);
  };
  const call = new RecordedCall('/', { on: { received } });
  connections.send(call);
  t.equal(await call.over, 'ended');
  t.equal(digest(Buffer.from(call.events.slice(2, -1).join(''), 'latin1')), digest(large));
  connections.close();
  await upstream.close();
});

t.test('an upload is read as fast as the upstream reads, and no faster', async (t) => {
  const pieces: Buffer[] = [];
  let came = 0;
  const upstream = await startTcp((socket) => {
    socket.pause();
    socket.on('data', (piece: Buffer) => {
      pieces.push(piece);
      came += piece.length;
      if (came - headBytes(pieces) === size) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
  }, loopback);
  const connections = connectionsTo(upstream.url, 1);
  let produced = 0;
  const body = new Readable({
    read() {
      this.push(produced >= size ? null : large.subarray(produced, produced + 65_536));
      produced += 65_536;
    },
  });
  const fields = ['Content-Length', String(size)];
  const call = new RecordedCall('/', { method: 'POST', fields, openBody: () => body });
  connections.send(call);
  await eventually(() => body.isPaused() && upstream.sockets.size === 1, 'the upload waits');
  await turns(50);
  t.ok(produced < size, `${produced} of ${size} bytes were read`);
  for (const socket of upstream.sockets) socket.resume();
  t.equal(await call.over, 'ended');
  t.equal(digest(Buffer.concat(pieces).subarray(headBytes(pieces))), digest(large));
  const next = new RecordedCall('/');
  connections.send(next);
  await eventually(() => next.events.length > 0, 'it has a connection');
  t.strictSame(next.events, ['begun reused']);
  connections.close();
  await upstream.close();
});

/** The head of a request comes in one piece. */
function headBytes(pieces: readonly Buffer[]): number {
  return (pieces[0]?.indexOf('\r\n\r\n') ?? 0) + 4;
}
