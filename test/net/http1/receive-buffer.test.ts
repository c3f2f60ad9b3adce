import t from 'tap';
import { ReceiveBuffer } from '../../../src/net/http1/receive-buffer.ts';

/** Receives as Node does: writes into the buffer, says how much, asks for the next buffer. */
function receiving() {
  const received = new ReceiveBuffer();
  const pieces: Buffer[] = [];
  received.taker = (piece) => pieces.push(piece);
  let room = received.buffer();
  return {
    pieces,
    room: () => room.length,
    take(text: string, count = text.length): void {
      Buffer.from(room.buffer, room.byteOffset, room.length).fill(text, 0, count);
      received.callback(count);
      room = received.buffer();
    },
  };
}

t.test('pieces that are kept stay as they came, whatever comes behind them', async (t) => {
  const { pieces, room, take } = receiving();
  const kept: string[] = [];
  for (const [n, size] of [1, 200, 1_200, 5_000, 4_096, 16_384, 65_536, 20_000, 3, 65_536, 1].entries()) {
    const count = Math.min(size, room());
    const text = String.fromCharCode(97 + n);
    take(text, count);
    kept.push(text.repeat(count));
    t.strictSame(
      pieces.map((piece) => piece.toString('latin1')),
      kept,
    );
  }
});

t.test('little at a time shares a small buffer, much has a large one', async (t) => {
  const { room, take, pieces } = receiving();
  t.equal(room(), 16 * 1024);
  take('head', 1_000);
  t.equal(room(), 16 * 1024 - 1_000, 'the rest of it');
  take('x', 11 * 1024);
  t.ok(room() >= 4 * 1024);
  take('x', room() - 100);
  t.equal(room(), 16 * 1024, 'too little was left');
  t.equal(pieces[0]?.buffer, pieces[1]?.buffer, 'one buffer for several pieces');
  take('x', room());
  t.equal(room(), 64 * 1024, 'it was full: more is to be expected');
  take('x', room());
  t.equal(room(), 64 * 1024);
  take('x', 20_000);
  t.equal(room(), 64 * 1024 - 20_000, 'more than half of it is left');
  take('x', 20_000);
  t.equal(room(), 64 * 1024, 'less');
  take('x', 100);
  t.equal(room(), 64 * 1024 - 100);
});
