import t from 'tap';
import { ProtocolError } from '../../../src/net/http1/protocol-error.ts';
import { type Framing, readFieldLines, readResponseHead } from '../../../src/net/http1/response-head.ts';

/** A head of a status and field lines. */
function head(status: string, ...lines: string[]): string {
  return [`HTTP/1.1 ${status}`, ...lines, ''].join('\r\n');
}

/** Method, head, where its body ends; in the order of RFC 9112 §6.3. */
const framings: readonly [method: string, text: string, framing: Framing][] = [
  ['HEAD', head('200 OK', 'Content-Length: 5'), 0],
  ['HEAD', head('200 OK', 'Transfer-Encoding: chunked'), 0],
  ['HEAD', head('200 OK'), 0],
  ['GET', head('103 Early Hints', 'Content-Length: 5'), 0],
  ['GET', head('101 Switching Protocols', 'Upgrade: websocket'), 0],
  ['GET', head('204 No Content'), 0],
  ['GET', head('204 No Content', 'Content-Length: 5'), 0],
  ['GET', head('304 Not Modified', 'Content-Length: 5'), 0],
  ['GET', head('304 Not Modified', 'Transfer-Encoding: chunked'), 0],
  ['GET', head('200 OK', 'Transfer-Encoding: chunked'), 'chunked'],
  ['GET', head('200 OK', 'transfer-encoding:CHUNKED'), 'chunked'],
  ['GET', head('200 OK', 'Transfer-Encoding: \t chunked \t'), 'chunked'],
  ['GET', head('200 OK', 'Content-Length: 5'), 5],
  ['GET', head('200 OK', 'CONTENT-LENGTH:0'), 0],
  ['POST', head('201 Created', 'Content-Length: 0005'), 5],
  ['GET', head('200 OK', 'Content-Length: 999999999999999'), 999_999_999_999_999],
  ['GET', head('200 OK'), 'until-close'],
  ['GET', head('205 Reset Content'), 'until-close'],
  ['POST', head('999 Whatever'), 'until-close'],
];

t.test('where a body ends', async (t) => {
  for (const [method, text, framing] of framings) {
    t.equal(readResponseHead(text, method).framing, framing, `${method} ${JSON.stringify(text)}`);
  }
});

/** Heads that leave open where the body ends, or that are none. */
const refused: readonly string[] = [
  head('200 OK', 'Content-Length: 5', 'Content-Length: 5'),
  head('200 OK', 'Content-Length: 5', 'content-length: 6'),
  ...['5, 5', '5,', '+5', '-5', '0x5', '5 5', '', '5.0', '1e3', '5;', '1000000000000000'].map((length) =>
    head('200 OK', `Content-Length: ${length}`),
  ),
  head('200 OK', 'Content-Length: 5', 'Transfer-Encoding: chunked'),
  head('200 OK', 'Transfer-Encoding: chunked', 'Content-Length: 5'),
  head('200 OK', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
  ...['gzip', 'gzip, chunked', 'chunked, gzip', 'chunked, chunked', 'identity', '', 'chunked;a=b', 'xchunked'].map(
    (coding) => head('200 OK', `Transfer-Encoding: ${coding}`),
  ),
  head('200 OK', 'X-A: 1', ' folded'),
  head('200 OK', 'X-A: 1', '\tfolded'),
  head('200 OK', ' X-A: 1'),
  head('200 OK', 'X-A : 1'),
  head('200 OK', 'X-A\t: 1'),
  head('200 OK', 'X-A'),
  head('200 OK', ': 1'),
  head('200 OK', 'X A: 1'),
  head('200 OK', 'X(A): 1'),
  head('200 OK', 'X-\u00e4: 1'),
  ...[...'\0\x01\x08\x0b\x0c\x1b\x1f\x7f'].map((byte) => head('200 OK', `X-A: a${byte}b`)),
  ...[...'\0\x01\x7f\t'].map((byte) => head('200 OK', `X-A${byte}: 1`)),
  head('200 OK', 'X-A: a\rb'),
  head('200 OK', 'X-A: a\nX-B: b'),
  `${head('200 OK')}X-A: 1\n`,
  head('000 Nothing'),
  head('099 Nothing'),
  head('99 Nothing'),
  head('1000 Nothing'),
  head('2x0 OK'),
  head('200OK'),
  head(' 200 OK'),
  head('+20 OK'),
  head('200 O\0K'),
  head('200 O\rK'),
  ...['HTTP/1.2', 'HTTP/2.0', 'HTTP/2', 'HTTP/0.9', 'HTTP/1.10', 'http/1.1', 'ICY', ' HTTP/1.1', '\r\nHTTP/1.1'].map(
    (version) => `${version} 200 OK\r\n`,
  ),
  'HTTP/1.1\t200 OK\r\n',
  'HTTP/1.1 200 OK\n',
  'HTTP/1.1 200 OK',
  '',
];

t.test('what is refused', async (t) => {
  for (const text of refused) {
    t.throws(() => readResponseHead(text, 'GET'), ProtocolError, JSON.stringify(text));
    t.throws(() => readResponseHead(text, 'HEAD'), ProtocolError, `HEAD ${JSON.stringify(text)}`);
  }
});

/** Head and how long the upstream keeps the connection, in milliseconds. */
const persistence: readonly [text: string, keepAliveMs: number | undefined][] = [
  [head('200 OK', 'Content-Length: 0'), undefined],
  [head('200 OK', 'Content-Length: 0', 'Connection: keep-alive'), undefined],
  [head('200 OK', 'Content-Length: 0', 'Connection: close'), 0],
  [head('200 OK', 'Content-Length: 0', 'CONNECTION:CLOSE'), 0],
  [head('200 OK', 'Content-Length: 0', 'Connection: x-a, Close'), 0],
  [head('200 OK', 'Content-Length: 0', 'Connection: close , keep-alive'), 0],
  [head('200 OK', 'Content-Length: 0', 'Connection: close', 'Connection: keep-alive'), 0],
  [head('200 OK', 'Content-Length: 0', 'Connection: keep-alive', 'Connection: close'), 0],
  [head('200 OK', 'Content-Length: 0', 'Connection: keep-alive', 'Connection: x-a'), undefined],
  [head('200 OK', 'Content-Length: 0', 'Connection: closed'), undefined],
  [head('200 OK', 'Content-Length: 0', 'Connection: '), undefined],
  [head('200 OK', 'Content-Length: 0', 'Keep-Alive: timeout=5'), 5_000],
  [head('200 OK', 'Content-Length: 0', 'Keep-Alive: TIMEOUT=5, max=100'), 5_000],
  [head('200 OK', 'Content-Length: 0', 'Keep-Alive: max=100,timeout="7"'), 7_000],
  [head('200 OK', 'Content-Length: 0', 'Keep-Alive: timeout=0'), 0],
  [head('200 OK', 'Content-Length: 0', 'Keep-Alive: max=100'), undefined],
  [head('200 OK', 'Content-Length: 0', 'Keep-Alive: xtimeout=5'), undefined],
  [head('200 OK', 'Content-Length: 0', 'Keep-Alive: timeout=-5'), undefined],
  [head('200 OK', 'Content-Length: 0', 'Keep-Alive: timeout=5', 'Keep-Alive: max=3'), 5_000],
  [head('200 OK', 'Content-Length: 0', 'Keep-Alive: timeout=5', 'Connection: close'), 0],
  [head('200 OK', 'Transfer-Encoding: chunked', 'Keep-Alive: timeout=5'), 5_000],
  [head('200 OK', 'Keep-Alive: timeout=5'), 0],
  [head('204 No Content'), undefined],
  [head('304 Not Modified', 'Content-Length: 5'), undefined],
  ['HTTP/1.0 200 OK\r\nContent-Length: 0\r\n', 0],
  ['HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n', undefined],
  ['HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: x-a\r\n', 0],
  ['HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\nKeep-Alive: timeout=5\r\n', 5_000],
  // faulty: bytes of a body that must not be there could follow
  ['HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n', 0],
  [head('204 No Content', 'Content-Length: 5'), 0],
  [head('204 No Content', 'Content-Length: 0'), undefined],
  [head('204 No Content', 'Transfer-Encoding: chunked'), 0],
  [head('304 Not Modified', 'Transfer-Encoding: chunked'), 0],
];

t.test('how long the connection is kept', async (t) => {
  for (const [text, keepAliveMs] of persistence) {
    t.equal(readResponseHead(text, 'GET').keepAliveMs, keepAliveMs, JSON.stringify(text));
    t.equal(readResponseHead(text, 'HEAD').keepAliveMs, 0, `HEAD ${JSON.stringify(text)}`);
  }
});

t.test('status and reason', async (t) => {
  for (const [line, status, reason] of [
    ['HTTP/1.1 200 OK', 200, 'OK'],
    ['HTTP/1.1 200 ', 200, ''],
    ['HTTP/1.1 200', 200, ''],
    ['HTTP/1.1 100 Continue', 100, 'Continue'],
    ['HTTP/1.1 999 Whatever', 999, 'Whatever'],
    ['HTTP/1.1 404  Not  there ', 404, ' Not  there '],
    ['HTTP/1.1 200 sch\u00f6n\tso', 200, 'sch\u00f6n\tso'],
    ['HTTP/1.1 200 a\x01b\x7fc\x1b[0m', 200, 'a?b?c?[0m'],
  ] as const) {
    t.match(readResponseHead(`${line}\r\n`, 'GET'), { status, reason, fields: [] }, JSON.stringify(line));
  }
});

t.test('fields are as they were received, without the white space around the values', async (t) => {
  const text = head('200 OK', 'X-Empty:', 'x-Blank: \t ', 'X-A:  a : b\t', 'X-A:\tagain', "!#$%&'*+-.^_`|~9: \xff\x80");
  t.strictSame(readResponseHead(text, 'GET').fields, [
    ...['X-Empty', '', 'x-Blank', '', 'X-A', 'a : b', 'X-A', 'again', "!#$%&'*+-.^_`|~9", '\xff\x80'],
  ]);
});

t.test('field lines alone, from any place', async (t) => {
  t.strictSame(readFieldLines('', 0), []);
  t.strictSame(readFieldLines('X-T: 1\r\nX-U:2\r\n', 0), ['X-T', '1', 'X-U', '2']);
  t.strictSame(readFieldLines('is no field\r\nX-T: 1\r\n', 13), ['X-T', '1']);
  t.throws(() => readFieldLines('X-T: 1', 0), ProtocolError, 'a line without an end');
});
