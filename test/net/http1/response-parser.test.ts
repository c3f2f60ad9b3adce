import t from 'tap';
import { ProtocolError } from '../../../src/net/http1/protocol-error.ts';
import { ResponseParser } from '../../../src/net/http1/response-parser.ts';
import { cut, cuts, type Reading, readAnswer } from './reading.ts';

const KiB = 1024;

/** A message, its request's method, and what it means however it is cut. */
const messages: readonly [what: string, method: string, bytes: string, meaning: Partial<Reading>][] = [
  [
    'a length',
    'GET',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: \xff\r\n\r\nhello',
    { heads: [[200, 'OK', ['Content-Length', '5', 'X-A', '\xff']]], body: 'hello', end: 'over', rest: 0 },
  ],
  [
    'bytes behind the end',
    'GET',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n',
    { body: 'ok', end: 'over', rest: 19 },
  ],
  ['no body, bytes behind the head', 'GET', 'HTTP/1.1 304 X\r\n\r\nrest', { body: '', end: 'over', rest: 4 }],
  [
    'a body that is cut off',
    'GET',
    'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello',
    { body: 'hello', end: 'open' },
  ],
  ['a head that is cut off', 'GET', 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r', { heads: [], end: 'open' }],
  ['HEAD', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', { body: '', end: 'over', rest: 0 }],
  [
    'chunks, an extension, trailers',
    'GET',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x="\xff"\r\n 123456789\r\n0\r\nX-T:1\r\nx-u: 2 \r\n\r\nrest',
    { body: 'hello 123456789', trailers: ['X-T', '1', 'x-u', '2'], end: 'over', rest: 4 },
  ],
  [
    'chunks without an end',
    'GET',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n',
    { end: 'open' },
  ],
  [
    'line ends in a chunk',
    'GET',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n\r\n0\r\n\r\n\n\r\n0\r\n\r\n',
    { body: '\r\n0\r\n\r\n\n', end: 'over', rest: 0 },
  ],
  [
    'a bad chunk',
    'GET',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello0\r\n\r\n',
    { end: 'refused' },
  ],
  ['until the connection ends', 'GET', 'HTTP/1.1 200 OK\r\n\r\na\r\n\r\nb', { body: 'a\r\n\r\nb', end: 'open' }],
  [
    'heads before the answer',
    'GET',
    'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100\r\n\r\nHTTP/1.1 102 X\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    {
      heads: [
        [103, 'Early Hints', ['Link', '</a>']],
        [100, '', []],
        [102, 'X', ['Content-Length', '9']],
        [200, 'OK', ['Content-Length', '2']],
      ],
      body: 'ok',
      end: 'over',
    },
  ],
  [
    'another protocol, and its first bytes',
    'GET',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x02hi',
    { heads: [[101, 'Switching Protocols', ['Upgrade', 'websocket']]], body: '', end: 'over', rest: 4 },
  ],
  ['a second head that is none', 'GET', 'HTTP/1.1 103 X\r\n\r\nSSH-2.0-x\r\n\r\n', { end: 'refused' }],
  [
    'a line end too many between two heads',
    'GET',
    'HTTP/1.1 103 X\r\n\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
    { end: 'refused' },
  ],
  ['a line without CR', 'GET', 'HTTP/1.1 200 OK\r\nX-A: 1\nX-B: 2\r\n\r\n', { heads: [], end: 'refused' }],
];

t.test('every message means the same wherever it is cut', async (t) => {
  for (const [what, method, text, meaning] of messages) {
    const bytes = Buffer.from(text, 'latin1');
    const whole = readAnswer([bytes], method, false);
    t.match(whole, meaning, what);
    const different = cuts(bytes.length).filter((places) => {
      const reading = readAnswer(cut(bytes, places), method, false);
      return JSON.stringify(reading) !== JSON.stringify(whole);
    });
    t.strictSame(different, [], `${what}: cut at`);
  }
});

t.test('the end of the connection ends only what has no other end', async (t) => {
  for (const [what, method, text, meaning] of messages) {
    const { end } = readAnswer([Buffer.from(text, 'latin1')], method, true);
    t.equal(end, what === 'until the connection ends' ? 'over' : meaning.end, what);
  }
});

t.test('what can never become a head is refused before its end', async (t) => {
  for (const text of [
    'SSH-2.0-OpenSSH',
    '\x15\x03\x01',
    'H\xff',
    'HTTP/2',
    'http/1.1',
    '\n',
    '\r\n',
    'HTTP/1.1 200 OK\n',
  ]) {
    const bytes = Buffer.from(text, 'latin1');
    t.equal(readAnswer([bytes], 'GET', false).end, 'refused', JSON.stringify(text));
    t.equal(readAnswer(cut(bytes, cuts(bytes.length).at(-1) ?? []), 'GET', false).end, 'refused', 'byte by byte');
  }
  for (const text of ['H', 'HTTP/1.', 'HTTP/1.1 200 OK\r', 'HTTP/1.1 200 OK\r\nX', '']) {
    t.equal(readAnswer([Buffer.from(text)], 'GET', false).end, 'open', JSON.stringify(text));
  }
});

t.test('a head has 16 KiB without its end, wherever it is cut', async (t) => {
  const line = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-A: ';
  for (const [length, end] of [
    [16 * KiB, 'over'],
    [16 * KiB + 1, 'refused'],
  ] as const) {
    const bytes = Buffer.from(`${line.padEnd(length, 'a')}\r\n\r\n`);
    const places = [undefined, 1, length - 1, length, length + 1, length + 2, length + 3];
    for (const place of places) {
      const pieces = cut(bytes, place === undefined ? [] : [place]);
      t.equal(readAnswer(pieces, 'GET', false).end, end, `${length} bytes, cut at ${place}`);
    }
    const before = Buffer.from('HTTP/1.1 103 Early Hints\r\nX-A: 1\r\n\r\n');
    t.equal(readAnswer([Buffer.concat([before, bytes])], 'GET', false).end, end, `${length} bytes behind another head`);
  }
  const endless = Buffer.from('HTTP/1.1 200 OK\r\n'.padEnd(16 * KiB + 4, 'a'));
  t.equal(readAnswer([endless], 'GET', false).end, 'refused', 'not waited for any longer');
});

t.test('a head of the most lines, byte by byte', async (t) => {
  const bytes = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${'a:\r\n'.repeat(4_000)}\r\n`);
  const reading = readAnswer(cut(bytes, cuts(bytes.length).at(-1) ?? []), 'GET', false);
  t.equal(reading.heads[0]?.[2].length, 8_002);
  t.equal(reading.end, 'over');
});

t.test('one answer after the other', async (t) => {
  const parser = new ResponseParser();
  t.equal(parser.over, true, 'nothing has been asked');
  const told: unknown[] = [];
  const reader = {
    informed: ({ status }: { status: number }) => told.push(status),
    answered: ({ status }: { status: number }) => told.push(status),
    received: (piece: Buffer) => told.push(piece.toString()),
  };
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-T: 1\r\n\r\n';
  parser.begin('GET', reader);
  parser.read(Buffer.from(chunked));
  t.strictSame(parser.trailers, ['X-T', '1']);
  t.equal(parser.finish(), false, 'it is over already');
  parser.begin('HEAD', reader);
  t.strictSame([parser.over, parser.trailers, parser.head], [false, [], undefined], 'nothing is left of the first');
  parser.read(Buffer.from('HTTP/1.1 204 X\r\n\r\n'));
  parser.begin('GET', reader);
  parser.read(Buffer.from('HTTP/1.1 404 X\r\nContent-Length: 2\r\n\r\nno'));
  t.strictSame(told, [200, 'a', 204, 404, 'no']);
  t.equal(parser.over, true);
});

t.test('who is forgotten is told nothing more, not even the rest of the same piece', async (t) => {
  const parser = new ResponseParser();
  const told: string[] = [];
  parser.begin('GET', {
    informed: () => {},
    answered: () => told.push('head'),
    received: (piece) => {
      told.push(piece.toString());
      parser.forget();
    },
  });
  parser.read(Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n'));
  t.strictSame(told, ['head', 'a']);
});

t.test('what a reader throws comes out, and is no ProtocolError', async (t) => {
  const parser = new ResponseParser();
  const mine = new Error('mine');
  const throws = (): never => {
    throw mine;
  };
  for (const reader of [
    { informed: throws, answered: () => {}, received: () => {} },
    { informed: () => {}, answered: throws, received: () => {} },
    { informed: () => {}, answered: () => {}, received: throws },
  ]) {
    parser.begin('GET', reader);
    const bytes = Buffer.from('HTTP/1.1 103 X\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na');
    t.throws(() => parser.read(bytes), mine);
    t.notOk(mine instanceof ProtocolError);
  }
});

t.test('the begun head is a copy: what it was received with can be used again', async (t) => {
  const parser = new ResponseParser();
  const fields: (readonly string[])[] = [];
  parser.begin('GET', { informed: () => {}, answered: (head) => fields.push(head.fields), received: () => {} });
  const shared = Buffer.from('HTTP/1.1 200 OK\r\nX-A: 1');
  parser.read(shared);
  shared.fill(0);
  parser.read(Buffer.from('2\r\nContent-Length: 0\r\n\r\n'));
  t.strictSame(fields, [['X-A', '12', 'Content-Length', '0']]);
});
