import { type Act, answering, type Case, get, head, plainAnswer } from './case.ts';

/** An answer that is not HTTP: the client is told so, and gets nothing of it. */
function rubbish(id: string, title: string, source: string, ...acts: readonly Act[]): Case {
  return {
    id,
    title,
    source,
    send: [get('/a')],
    upstream: answering(...acts),
    client: { status: [502], never: [/X-Evil/] },
    seen: 'anything',
  };
}

/** An answer that breaks off behind its head: the client must not take it for whole. */
function brokenOff(id: string, title: string, source: string, ...acts: readonly Act[]): Case {
  return {
    id,
    title,
    source,
    send: [get('/a')],
    upstream: answering(...acts),
    client: { status: [200], aborted: true },
    seen: { requests: 1 },
  };
}

/** A second request behind a poisoned answer gets its own. */
function poisoned(id: string, title: string, source: string, ...acts: readonly Act[]): Case {
  return {
    id,
    title,
    source,
    send: [get('/1'), { until: /one/ }, { waitMs: 30 }, get('/2')],
    upstream: { answers: [acts, [plainAnswer]] },
    client: { status: [200, 200], body: 'ok', never: [/evil/i] },
    seen: 'anything',
  };
}

const ten = head('HTTP/1.1 200 OK', 'Content-Length: 10');
const inChunks = head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked');
const one = `${head('HTTP/1.1 200 OK', 'Content-Length: 3')}one`;
const evil = `${head('HTTP/1.1 200 OK', 'X-Evil: 1', 'Content-Length: 4')}evil`;

/** Answers of the upstream that are not in order. */
export const badResponseCases: readonly Case[] = [
  rubbish('B01', 'no HTTP at all', 'RFC 9112 §4', 'SSH-2.0-x\r\n\r\n'),
  rubbish('B02', 'the connection ends without a byte', 'RFC 9110 §15.6.3', 'end'),
  rubbish('B03', 'the connection is reset without a byte', 'RFC 9110 §15.6.3', 'reset'),
  rubbish(
    'B04',
    'the connection ends in the middle of the head',
    'RFC 9112 §8',
    'HTTP/1.1 200 OK\r\nX-Evil: 1\r\n',
    'end',
  ),
  rubbish('B05', 'a status that is no number', 'RFC 9112 §4', head('HTTP/1.1 abc OK', 'X-Evil: 1')),
  rubbish('B06', 'a status of two digits', 'RFC 9112 §4', head('HTTP/1.1 99 OK', 'X-Evil: 1', 'Content-Length: 0')),
  rubbish('B07', 'HTTP/2 on a status line', 'RFC 9112 §2.3', head('HTTP/2 200 OK', 'X-Evil: 1')),
  rubbish(
    'B08',
    'a Content-Length that is no number',
    'RFC 9112 §6.3',
    `${head('HTTP/1.1 200 OK', 'Content-Length: abc')}X-Evil`,
  ),
  rubbish(
    'B09',
    'two Content-Lengths that differ',
    'RFC 9112 §6.3',
    `${head('HTTP/1.1 200 OK', 'Content-Length: 6', 'Content-Length: 2')}X-Evil`,
  ),
  rubbish(
    'B10',
    'Content-Length and Transfer-Encoding',
    'RFC 9112 §6.3',
    `${head('HTTP/1.1 200 OK', 'Content-Length: 6', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
  ),
  rubbish('B11', 'a folded line', 'RFC 9112 §5.2', head('HTTP/1.1 200 OK', 'X-Evil: 1\r\n 2', 'Content-Length: 0')),
  rubbish('B12', 'a NUL in a value', 'RFC 9110 §5.5', head('HTTP/1.1 200 OK', 'X-Evil: a\x00b', 'Content-Length: 0')),
  rubbish(
    'B13',
    'a raw CR in a value',
    'RFC 9110 §5.5; threat 15',
    head('HTTP/1.1 200 OK', 'X-A: a\rX-Evil: b', 'Content-Length: 0'),
  ),
  rubbish(
    'B14',
    'a space before the colon',
    'RFC 9112 §5.1',
    head('HTTP/1.1 200 OK', 'X-Evil : 1', 'Content-Length: 0'),
  ),
  rubbish(
    'B15',
    'a name that is no token',
    'RFC 9110 §5.1',
    head('HTTP/1.1 200 OK', 'X(Evil): 1', 'Content-Length: 0'),
  ),
  rubbish(
    'B16',
    'a header section of 100,000 bytes',
    'threat 15',
    head('HTTP/1.1 200 OK', ...Array.from({ length: 25 }, (_, i) => `X-Evil-${i}: ${'a'.repeat(4_000)}`)),
  ),
  rubbish(
    'B17',
    'a 101 that nobody asked for',
    'RFC 9110 §15.2.2; threat 15',
    head('HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', 'X-Evil: 1'),
  ),
  rubbish('B18', 'lines that end with LF alone', 'RFC 9112 §2.2', 'HTTP/1.1 200 OK\nX-Evil: 1\nContent-Length: 0\n\n'),
  rubbish(
    'B20',
    'a Transfer-Encoding besides chunked, which would go on unlabelled',
    'RFC 9112 §6.1',
    `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: gzip, chunked', 'X-Evil: 1')}0\r\n\r\n`,
  ),
  rubbish(
    'B19',
    'a Transfer-Encoding other than chunked',
    'RFC 9112 §6.1',
    head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked, gzip', 'X-Evil: 1'),
  ),
  brokenOff('B30', 'Content-Length: the connection ends early', 'RFC 9112 §8', `${ten}half`, { waitMs: 20 }, 'end'),
  brokenOff('B31', 'Content-Length: the connection is reset', 'RFC 9112 §8', `${ten}half`, { waitMs: 20 }, 'reset'),
  brokenOff(
    'B32',
    'chunks: the connection ends early',
    'RFC 9112 §8',
    `${inChunks}4\r\nhalf\r\n`,
    { waitMs: 20 },
    'end',
  ),
  brokenOff(
    'B33',
    'chunks: the connection is reset',
    'RFC 9112 §8',
    `${inChunks}4\r\nhalf\r\n`,
    { waitMs: 20 },
    'reset',
  ),
  brokenOff(
    'B34',
    'chunks: the last chunk is missing its end',
    'RFC 9112 §8',
    `${inChunks}4\r\nhalf\r\n0\r\n`,
    { waitMs: 20 },
    'end',
  ),
  brokenOff(
    'B35',
    'chunks: a size that is no number',
    'RFC 9112 §7.1',
    `${inChunks}4\r\nhalf\r\n`,
    { waitMs: 20 },
    'zz\r\n',
  ),
  brokenOff(
    'B36',
    'a body that ends with the connection: reset',
    'RFC 9112 §8; stack trap',
    `${head('HTTP/1.1 200 OK')}half`,
    { waitMs: 20 },
    'reset',
  ),
  rubbish(
    'B39',
    'a chunk longer than its size, in one piece with the head',
    'RFC 9112 §7.1',
    `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'X-Evil: 1')}4\r\nwhole\r\n0\r\n\r\n`,
  ),
  {
    id: 'B37',
    title: 'HTTP/1.0: a body that breaks off is a reset, not an end',
    source: 'RFC 9112 §8',
    send: [head('GET /a HTTP/1.0', 'Host: localhost')],
    upstream: answering(`${inChunks}4\r\nhalf\r\n`, { waitMs: 20 }, 'end'),
    client: { status: [200], aborted: true },
    seen: { requests: 1 },
  },
  {
    id: 'B38',
    title: 'Content-Length with nothing behind it',
    source: 'RFC 9112 §8',
    send: [get('/a')],
    upstream: answering(ten, { waitMs: 20 }, 'end'),
    client: { status: [200], aborted: true },
    seen: { requests: 1 },
  },
  poisoned('B40', 'bytes behind the body', 'threat 15; CVE-2026-48931', `${one}${evil}`),
  poisoned('B41', 'bytes on the idle connection, later', 'threat 15; CVE-2026-48931', one, { waitMs: 10 }, evil),
  poisoned('B42', 'bytes behind the last chunk', 'threat 15', `${inChunks}3\r\none\r\n0\r\n\r\n${evil}`),
  {
    id: 'B43',
    title: 'bytes behind a HEAD answer',
    source: 'RFC 9110 §9.3.2; threat 15',
    send: [
      head('HEAD /1 HTTP/1.1', 'Host: localhost'),
      { until: /200 OK/ },
      { waitMs: 30 },
      get('/2', 'Connection: close'),
    ],
    upstream: { answers: [[`${head('HTTP/1.1 200 OK', 'Content-Length: 100')}${evil}`], [plainAnswer]] },
    client: { status: [200, 200], never: [/evil/i], connection: 'closed' },
    seen: 'anything',
  },
  {
    id: 'B44',
    title: 'bytes behind a 304',
    source: 'RFC 9110 §15.4.5; threat 15',
    send: [get('/1'), { until: /304/ }, { waitMs: 30 }, get('/2')],
    upstream: { answers: [[`${head('HTTP/1.1 304 Not Modified', 'ETag: "x"')}${evil}`], [plainAnswer]] },
    client: { status: [304, 200], body: 'ok', never: [/evil/i] },
    seen: 'anything',
  },
];
