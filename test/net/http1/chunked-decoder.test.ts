import t from 'tap';
import { ChunkedDecoder } from '../../../src/net/http1/chunked-decoder.ts';
import { ProtocolError } from '../../../src/net/http1/protocol-error.ts';
import { cut, cuts } from './reading.ts';

const KiB = 1024;

interface Decoded {
  body: string;
  trailers: readonly string[];
  end: 'over' | 'open' | 'refused';
  /** Bytes that were read. */
  read: number;
}

function decode(pieces: readonly Buffer[]): Decoded {
  const decoder = new ChunkedDecoder();
  const decoded: Decoded = { body: '', trailers: [], end: 'open', read: 0 };
  try {
    for (const piece of pieces) {
      decoded.read += decoder.read(piece, 0, (data) => {
        decoded.body += data.toString('latin1');
      });
    }
    decoded.end = decoder.over ? 'over' : 'open';
    decoded.trailers = decoder.trailers;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    // how much of it was read before depends on how it was cut
    return { ...decoded, end: 'refused', read: 0 };
  }
  return decoded;
}

const bodies: readonly [text: string, decoded: Partial<Decoded>][] = [
  ['0\r\n\r\n', { body: '', end: 'over', read: 5 }],
  ['000\r\n\r\nrest', { body: '', end: 'over', read: 7 }],
  ['5\r\nhello\r\n0\r\n\r\n0\r\n\r\n', { body: 'hello', end: 'over', read: 15 }],
  ['a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n', { body: '01234567890123456789a', end: 'over' }],
  ['1;a\r\nx\r\n1;a=b;c="d\xff"\r\ny\r\n1 \t; a\r\nz\r\n0;e\r\n\r\n', { body: 'xyz', end: 'over' }],
  ['1\r\n\n\r\n2\r\n\r\n\r\n0\r\n\r\n', { body: '\n\r\n', end: 'over' }],
  ['0\r\nX-T: 1\r\nx-u:\t2 \r\n\r\n', { trailers: ['X-T', '1', 'x-u', '2'], end: 'over' }],
  ['1\r\nx\r\n0\r\nX-T: 1\r\n', { body: 'x', trailers: [], end: 'open' }],
  ['5\r\nhel', { body: 'hel', end: 'open' }],
  ['fffffffffffff\r\nx', { body: 'x', end: 'open' }],
  ['', { end: 'open' }],
  ...[
    ...[
      '\r\n',
      ' 5\r\n',
      '5 \r\n',
      '5\n',
      '5\r',
      '0x5\r\n',
      '+5\r\n',
      '-5\r\n',
      'g\r\n',
      '5,\r\n',
      '5 6\r\n',
      ';a\r\n',
    ],
    ...['5;a\0\r\n', '5;a\x01b\r\n', '5;a\x7f\r\n', '5;a\rb\r\n', '5\r\r\n', '5;\n', '10000000000000\r\n'],
    ...['1\r\nxy\r\n', '1\r\nx\n', '1\r\nx\r\r\n', '1\r\nx0\r\n\r\n', '1\r\n\r\n0\r\n\r\n'],
    ...[
      '0\r\nX-T\r\n\r\n',
      '0\r\nX-T : 1\r\n\r\n',
      '0\r\n folded\r\n\r\n',
      '0\r\nX-T: 1\n\r\n',
      '0\r\n\n',
      '0\r\nX: \0\r\n\r\n',
    ],
  ].map((text): [string, Partial<Decoded>] => [`${text}0\r\n\r\n\r\n`, { end: 'refused' }]),
];

t.test('every body means the same wherever it is cut', async (t) => {
  for (const [text, meaning] of bodies) {
    const bytes = Buffer.from(text, 'latin1');
    const whole = decode([bytes]);
    t.match(whole, meaning, JSON.stringify(text));
    const different = cuts(bytes.length).filter(
      (places) => JSON.stringify(decode(cut(bytes, places))) !== JSON.stringify(whole),
    );
    t.strictSame(different, [], `${JSON.stringify(text)} cut at`);
  }
});

t.test('it begins anywhere in a piece, and its data are views of it', async (t) => {
  const decoder = new ChunkedDecoder();
  const bytes = Buffer.from('before5\r\nhello\r\n0\r\n\r\nbehind');
  const pieces: Buffer[] = [];
  t.equal(
    decoder.read(bytes, 6, (piece) => pieces.push(piece)),
    21,
  );
  t.equal(pieces[0]?.buffer, bytes.buffer);
  t.equal(String(pieces[0]), 'hello');
  t.equal(
    decoder.read(bytes, 21, () => t.fail('it is over')),
    21,
  );
});

t.test('an extension ends nothing and hides nothing', async (t) => {
  t.match(decode([Buffer.from('5;\r\nhello\r\n0\r\n\r\n')]), { body: 'hello', end: 'over' });
  t.match(decode([Buffer.from('2;x\r\nab\r\n0;2\r\n\r\ncd')]), { body: 'ab', end: 'over', read: 16 });
});

t.test('limits: a line, all extensions together, the trailer section; wherever it is cut', async (t) => {
  const most = 16 * KiB;
  const line = (length: number) => `1;${'a'.repeat(length - 4)}\r\n`;
  const field = (length: number) => `X-T:${'a'.repeat(length - 6)}\r\n`;
  const cases: readonly [what: string, text: string, end: Decoded['end']][] = [
    ['a line', `${line(most)}x\r\n0\r\n\r\n`, 'over'],
    ['too long a line', `${line(most + 1)}x\r\n0\r\n\r\n`, 'refused'],
    ['a line without an end', 'a'.repeat(most + 1), 'refused'],
    ['extensions', `${`${line(1027)}x\r\n`.repeat(16)}0\r\n\r\n`, 'over'],
    ['too many extensions', `${`${line(1027)}x\r\n`.repeat(16)}0;\r\n\r\n`, 'refused'],
    ['many chunks without extensions', `${'1\r\nx\r\n'.repeat(10_000)}0\r\n\r\n`, 'over'],
    ['a trailer', `0\r\n${field(most)}\r\n`, 'over'],
    ['too long a trailer', `0\r\n${field(most + 1)}\r\n`, 'refused'],
    ['trailers', `0\r\n${field(KiB).repeat(16)}\r\n`, 'over'],
    ['too many trailers', `0\r\n${field(KiB).repeat(16)}X:\r\n\r\n`, 'refused'],
  ];
  for (const [what, text, end] of cases) {
    const bytes = Buffer.from(text);
    t.equal(decode([bytes]).end, end, what);
    for (const place of [1, KiB, most - 1, most, most + 1, bytes.length - 1]) {
      t.equal(decode(cut(bytes, [Math.min(place, bytes.length)])).end, end, `${what}, cut at ${place}`);
    }
    t.equal(decode(cut(bytes, cuts(bytes.length).at(-1) ?? [])).end, end, `${what}, byte by byte`);
  }
});
