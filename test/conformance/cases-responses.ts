import { type Act, answering, type Case, type ClientExpectation, get, head } from './case.ts';

/** An answer of the upstream, and what the client gets of it. */
function passed(
  id: string,
  title: string,
  source: string,
  acts: readonly Act[],
  client: Partial<ClientExpectation>,
): Case {
  return {
    id,
    title,
    source,
    send: [get('/a')],
    upstream: answering(...acts),
    client: { status: [200], ...client },
    seen: {},
  };
}

/** A status with its reason, a field and a body. */
function status(id: string, code: number, reason: string, source: string, ...lines: readonly string[]): Case {
  return passed(
    id,
    `${code} ${reason}`,
    source,
    [`${head(`HTTP/1.1 ${code} ${reason}`, ...lines, 'Content-Length: 4')}text`],
    {
      status: [code],
      body: 'text',
      head: [
        new RegExp(`^HTTP/1.1 ${code} ${reason}$`, 'm'),
        ...lines.map((line) => new RegExp(`^${line.replace(/[/().*+?^$|[\]\\]/g, '\\$&')}$`, 'm')),
      ],
    },
  );
}

const inChunks = head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked');
const gzipped = '\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\xcf\x06\x00\x47\xdd\xdc\x79\x02\x00\x00\x00';

/** Answers of the upstream that are in order. */
export const responseCases: readonly Case[] = [
  passed(
    'R01',
    'Content-Length, every byte',
    'RFC 9112 §6.3',
    [`${head('HTTP/1.1 200 OK', 'Content-Length: 5')}\x00\xff\r\n\x80`],
    {
      body: '\x00\xff\r\n\x80',
      connection: 'open',
    },
  ),
  passed('R02', 'chunks', 'RFC 9112 §7.1', [`${inChunks}3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n`], {
    body: 'abcd',
    connection: 'open',
  }),
  passed('R03', 'chunks that come byte by byte', 'RFC 9112 §7.1', [inChunks, ...'3\r\nabc\r\n0\r\n\r\n'], {
    body: 'abc',
  }),
  passed(
    'R04',
    'a body that ends with the connection',
    'RFC 9112 §6.3',
    [`${head('HTTP/1.1 200 OK')}abc`, { waitMs: 5 }, 'def', 'end'],
    {
      body: 'abcdef',
    },
  ),
  passed(
    'R05',
    'HTTP/1.0 with a body that ends with the connection',
    'RFC 9112 §6.3',
    [`${head('HTTP/1.0 200 OK')}abc`, 'end'],
    {
      body: 'abc',
      head: [/^HTTP\/1\.1 200 OK$/m],
    },
  ),
  passed('R06', 'an empty body', 'RFC 9110 §8.6', [head('HTTP/1.1 200 OK', 'Content-Length: 0')], {
    body: '',
    head: [/^Content-Length: 0$/m],
  }),
  passed('R07', '204', 'RFC 9110 §15.3.5', [head('HTTP/1.1 204 No Content', 'X-A: 1')], {
    status: [204],
    never: [/content-length|transfer-encoding/i],
    connection: 'open',
  }),
  passed('R08', '205', 'RFC 9110 §15.3.6', [head('HTTP/1.1 205 Reset Content', 'Content-Length: 0')], {
    status: [205],
    connection: 'open',
  }),
  passed(
    'R09',
    '304 with the Content-Length of the 200',
    'RFC 9110 §8.6, §15.4.5',
    [head('HTTP/1.1 304 Not Modified', 'Content-Length: 999', 'ETag: "x"')],
    {
      status: [304],
      head: [/^ETag: "x"$/m, /^Content-Length: 999$/m],
      connection: 'open',
    },
  ),
  status('R10', 206, 'Partial Content', 'RFC 9110 §15.3.7', 'Content-Range: bytes 0-3/10'),
  status('R11', 200, 'All is very well', 'RFC 9112 §4'),
  passed('R12', 'an empty reason phrase', 'RFC 9112 §4', [head('HTTP/1.1 200 ', 'Content-Length: 0')], {
    head: [/^HTTP\/1\.1 200 ?$/m],
  }),
  passed(
    'R13',
    'a reason phrase in UTF-8',
    'RFC 9112 §4',
    [head('HTTP/1.1 200 \xc3\xa9t\xc3\xa9', 'Content-Length: 0')],
    { head: [/^HTTP\/1\.1 200 \xc3\xa9t\xc3\xa9$/m] },
  ),
  passed('R46', 'a reason phrase in Latin-1', 'RFC 9112 §4', [head('HTTP/1.1 200 \xe9t\xe9', 'Content-Length: 0')], {
    head: [/^HTTP\/1\.1 200 \xe9t\xe9$/m],
  }),
  status('R14', 299, 'Odd', 'RFC 9110 §15: x00 of its class'),
  status('R15', 418, "I'm a teapot", 'RFC 9110 §15.5.19'),
  status('R16', 429, 'Too Many Requests', 'RFC 6585 §4', 'Retry-After: 7'),
  status('R17', 503, 'Service Unavailable', 'RFC 9110 §10.2.3', 'Retry-After: Wed, 21 Oct 2015 07:28:00 GMT'),
  status('R18', 302, 'Found', 'RFC 9110 §15.4: never followed', 'Location: http://other.example/'),
  status('R19', 401, 'Unauthorized', 'RFC 9110 §11.6.1; wire facts M12', 'WWW-Authenticate: Basic realm=x, Custom a=b'),
  status('R20', 403, 'Forbidden', 'RFC 6750 §3.1', 'WWW-Authenticate: Bearer error="insufficient_scope"'),
  status('R21', 421, 'Misdirected Request', 'RFC 9110 §15.5.20'),
  status('R22', 599, 'Odd', 'RFC 9110 §15'),
  passed(
    'R23',
    'repeated Set-Cookie',
    'RFC 6265 §3',
    [
      head(
        'HTTP/1.1 200 OK',
        'Set-Cookie: a=1',
        'Set-Cookie: b=2; Expires=Wed, 21 Oct 2065 07:28:00 GMT',
        'Content-Length: 0',
      ),
    ],
    {
      head: [/Set-Cookie: a=1\r\nSet-Cookie: b=2; Expires=Wed, 21 Oct 2065 07:28:00 GMT/],
    },
  ),
  passed(
    'R24',
    'repeated fields, order and letters',
    'RFC 9110 §5.3',
    [head('HTTP/1.1 200 OK', 'x-A: 1', 'X-b: 2', 'X-a: 3', 'Content-Length: 0')],
    {
      head: [/x-A: 1\r\nX-b: 2\r\nX-a: 3/],
    },
  ),
  passed(
    'R25',
    'bytes above 0x7f in a value',
    'RFC 9110 §5.5',
    [`${head('HTTP/1.1 200 OK', 'X-A: caf\xe9 \xff', 'Content-Length: 2')}ok`],
    {
      head: [/^X-A: caf\xe9 \xff$/m],
    },
  ),
  passed(
    'R26',
    'bytes above 0x7f in a value, the body comes later',
    'stack trap: res.flushHeaders() re-encodes',
    [head('HTTP/1.1 200 OK', 'X-A: \xe9', 'Content-Length: 2'), { waitMs: 30 }, 'ok'],
    {
      head: [/^X-A: \xe9$/m],
      body: 'ok',
    },
  ),
  passed(
    'R27',
    'Server and Date stay',
    'RFC 9110 §6.6.1, §10.2.4',
    [head('HTTP/1.1 200 OK', 'Server: Up/1', 'Date: Wed, 21 Oct 2015 07:28:00 GMT', 'Content-Length: 0')],
    {
      head: [/^Server: Up\/1$/m, /^Date: Wed, 21 Oct 2015 07:28:00 GMT$/m],
    },
  ),
  passed(
    'R28',
    'nothing is added',
    'interface §4: answers come back unchanged',
    [`${head('HTTP/1.1 200 OK', 'X-Up: yes', 'Content-Length: 2')}ok`],
    {
      never: [/^(server|x-powered-by|x-request-id|etag|vary|cache-control|via):/im],
    },
  ),
  passed(
    'R29',
    'Content-Encoding: the bytes stay as they are',
    'RFC 9110 §8.4',
    [head('HTTP/1.1 200 OK', 'Content-Encoding: gzip', `Content-Length: ${gzipped.length}`) + gzipped],
    {
      head: [/^Content-Encoding: gzip$/m],
      body: gzipped,
    },
  ),
  passed(
    'R30',
    'an unknown Content-Encoding',
    'RFC 9110 §8.4',
    [`${head('HTTP/1.1 200 OK', 'Content-Encoding: x-odd, br', 'Content-Length: 2')}ok`],
    {
      head: [/^Content-Encoding: x-odd, br$/m],
      body: 'ok',
    },
  ),
  passed(
    'R31',
    'trailers',
    'RFC 9110 §6.5',
    [`${head('HTTP/1.1 200 OK', 'Trailer: X-Sum', 'Transfer-Encoding: chunked')}3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n`],
    {
      body: 'abc',
      head: [/^Trailer: X-Sum$/m],
      trailers: 'X-Sum: 1',
    },
  ),
  passed(
    'R32',
    'trailers that set cookies do not pass',
    'RFC 9110 §6.5.1',
    [`${inChunks}3\r\nabc\r\n0\r\nSet-Cookie: a=1\r\nX-Sum: 1\r\n\r\n`],
    {
      body: 'abc',
      trailers: 'X-Sum: 1',
    },
  ),
  passed(
    'R47',
    'a Content-Length in the trailers does not pass',
    'RFC 9110 §6.5.1',
    [`${inChunks}5\r\nwhole\r\n0\r\nContent-Length: 9\r\nX-Sum: 1\r\n\r\n`],
    {
      body: 'whole',
      trailers: 'X-Sum: 1',
    },
  ),
  passed(
    'R33',
    'hop-by-hop fields',
    'RFC 9110 §7.6.1',
    [
      head(
        'HTTP/1.1 200 OK',
        'Connection: X-Foo, keep-alive',
        'X-Foo: 1',
        'Keep-Alive: timeout=99',
        'Proxy-Connection: x',
        'TE: x',
        'Upgrade: h2c',
        'Content-Length: 0',
      ),
    ],
    {
      never: [/x-foo|timeout=99|proxy-connection|^te:|^upgrade:/im],
    },
  ),
  passed(
    'R34',
    'Proxy-Authenticate',
    'RFC 9110 §11.7.1',
    [head('HTTP/1.1 407 Proxy Authentication Required', 'Proxy-Authenticate: Basic', 'Content-Length: 0')],
    {
      status: [407],
      never: [/proxy-authenticate/i],
    },
  ),
  passed(
    'R35',
    'Connection: close of the upstream ends here',
    'RFC 9110 §7.6.1',
    [`${head('HTTP/1.1 200 OK', 'Connection: close', 'Content-Length: 2')}ok`, 'end'],
    {
      body: 'ok',
      connection: 'open',
    },
  ),
  passed(
    'R36',
    '103 Early Hints',
    'RFC 8297 §2',
    [
      head('HTTP/1.1 103 Early Hints', 'Link: </a.css>; rel=preload'),
      { waitMs: 10 },
      `${head('HTTP/1.1 200 OK', 'Content-Length: 2')}ok`,
    ],
    {
      informational: [103],
      body: 'ok',
    },
  ),
  passed(
    'R37',
    '102 and two 103s',
    'RFC 9110 §15.2',
    [
      head('HTTP/1.1 102 Processing') +
        head('HTTP/1.1 103 Early Hints', 'X: 1') +
        head('HTTP/1.1 103 Early Hints', 'X: 2'),
      `${head('HTTP/1.1 200 OK', 'Content-Length: 2')}ok`,
    ],
    {
      informational: [102, 103, 103],
      body: 'ok',
    },
  ),
  {
    id: 'R38',
    title: 'no informational answer for HTTP/1.0',
    source: 'RFC 9110 §15.2',
    send: [head('GET /a HTTP/1.0', 'Host: localhost')],
    upstream: answering(head('HTTP/1.1 103 Early Hints', 'X: y'), `${head('HTTP/1.1 200 OK', 'Content-Length: 2')}ok`),
    client: { status: [200], body: 'ok', informational: [], never: [/103/] },
    seen: {},
  },
  passed(
    'R39',
    'the head is there before the first byte of the body',
    'interface §4: streamed',
    [head('HTTP/1.1 200 OK', 'Content-Type: text/event-stream'), { waitMs: 300 }, 'data: x\n\n', 'end'],
    {
      body: 'data: x\n\n',
      headWithinMs: 200,
    },
  ),
  passed(
    'R40',
    '204 with a Content-Length',
    'RFC 9110 §8.6: must not be sent',
    [head('HTTP/1.1 204 No Content', 'Content-Length: 0')],
    {
      status: [204],
      connection: 'open',
    },
  ),
  passed(
    'R41',
    'a header section of 14,000 bytes',
    'threat 15',
    [head('HTTP/1.1 200 OK', `X-A: ${'a'.repeat(14_000)}`, 'Content-Length: 0')],
    {
      head: [/^X-A: a{14000}$/m],
    },
  ),
  passed(
    'R42',
    '150 fields',
    'threat 15',
    [head('HTTP/1.1 200 OK', ...Array.from({ length: 150 }, (_, i) => `X-${i}: ${i}`), 'Content-Length: 0')],
    {
      head: [/^X-149: 149$/m],
    },
  ),
  passed(
    'R43',
    'a body of 300,000 bytes',
    'RFC 9112 §6.3',
    [head('HTTP/1.1 200 OK', 'Content-Length: 300000') + 'x'.repeat(300_000)],
    {
      body: 'x'.repeat(300_000),
    },
  ),
  passed(
    'R44',
    'white space around a value is not part of it',
    'RFC 9112 §5.1',
    [head('HTTP/1.1 200 OK', 'X-A: \t 1 2 \t ', 'Content-Length: 0')],
    {
      head: [/^X-A: 1 2$/m],
    },
  ),
  passed(
    'R45',
    'the exact bytes of a small answer',
    'interface §4',
    [`${head('HTTP/1.1 200 OK', 'X-Up: yes', 'Content-Length: 2')}ok`],
    {
      exact: `${head('HTTP/1.1 200 OK', 'X-Up: yes', 'Content-Length: 2', 'Connection: keep-alive', 'Keep-Alive: timeout=75')}ok`,
    },
  ),
];
