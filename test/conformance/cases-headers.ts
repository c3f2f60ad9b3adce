import { answering, type Case, get, head, refused, served, type UpstreamExpectation } from './case.ts';

/** Fields of a request and what the upstream gets of them. */
function forwarded(
  id: string,
  title: string,
  source: string,
  lines: readonly string[],
  seen: UpstreamExpectation,
): Case {
  return { id, title, source, send: [get('/a', ...lines)], client: served, seen };
}

/** Field lines that nobody may forward. */
function malformed(id: string, title: string, source: string, ...lines: readonly string[]): Case {
  return {
    id,
    title,
    source,
    send: [get('/a', ...lines)],
    client: { ...refused(400), connection: 'closed' },
    seen: 'nothing',
  };
}

const token = /^Authorization: Bearer token1$/im;
const secondAuthorization = /authorization: [\s\S]*authorization:/i;

/** Header fields of the request. */
export const headerCases: readonly Case[] = [
  malformed('X01', 'a folded line', 'RFC 9112 §5.2', 'X-A: 1\r\n 2'),
  malformed('X02', 'a folded line with a tab', 'RFC 9112 §5.2', 'X-A: 1\r\n\t2'),
  malformed('X03', 'a NUL in a value', 'RFC 9110 §5.5', 'X-A: a\x00b'),
  malformed('X04', 'a raw CR in a value', 'RFC 9110 §5.5', 'X-A: a\rX-B: b'),
  malformed('X05', 'a space before the colon', 'RFC 9112 §5.1', 'X-A : 1'),
  malformed('X06', 'an empty name', 'RFC 9110 §5.1', ': 1'),
  malformed('X07', 'a name that is no token', 'RFC 9110 §5.1', 'X(A): 1'),
  malformed('X08', 'a line without a colon', 'RFC 9112 §5', 'X-A'),
  malformed('X09', 'a control character in a value', 'RFC 9110 §5.5', 'X-A: a\x01b'),
  {
    id: 'X10',
    title: 'lines that end with LF alone',
    source: 'RFC 9112 §2.2',
    send: ['GET /a HTTP/1.1\nHost: localhost\n\n'],
    client: refused(400),
    seen: 'nothing',
    onPurpose:
      'RFC 9112 §2.2 allows to take LF alone for a line end; proxies that differ here can be played off against each other',
  },
  forwarded('X11', 'repeated fields keep their number and order', 'RFC 9110 §5.3', ['X-A: 1', 'X-B: 2', 'X-A: 3'], {
    head: [/X-A: 1\r\nX-B: 2\r\nX-A: 3/],
  }),
  forwarded('X12', 'names keep their letters', 'RFC 9110 §5.1', ['x-LoWeR: 1'], { head: [/^x-LoWeR: 1$/m] }),
  forwarded('X13', 'bytes above 0x7f in a value', 'RFC 9110 §5.5', ['X-A: caf\xe9 \xff'], {
    head: [/^X-A: caf\xe9 \xff$/m],
  }),
  forwarded('X14', 'an empty value', 'RFC 9110 §5.5', ['X-A:'], { head: [/^X-A: ?$/m] }),
  forwarded('X15', 'white space around a value is not part of it', 'RFC 9112 §5.1', ['X-A: \t 1 2 \t '], {
    head: [/^X-A: 1 2$/m],
  }),
  forwarded('X16', 'underscores in a name', 'RFC 9110 §5.1', ['X_A: 1'], { head: [/^X_A: 1$/m] }),
  forwarded('X17', 'every character that a name may have', 'RFC 9110 §5.6.2', ["!#$%&'*+-.^_`|~9aZ: 1"], {
    head: [/^!#\$%&'\*\+-\.\^_`\|~9aZ: 1$/m],
  }),
  forwarded('X18', 'two Cookie lines', 'RFC 6265 §5.4', ['Cookie: a=1', 'Cookie: b=2'], {
    head: [/Cookie: a=1\r\nCookie: b=2/],
  }),
  forwarded('X19', 'a value of 8,000 bytes', 'interface §3 limits.headersSize', [`X-A: ${'a'.repeat(8_000)}`], {
    head: [/^X-A: a{8000}$/m],
  }),
  {
    id: 'X20',
    title: 'a header section above 16 KiB',
    source: 'RFC 6585 §5; threat 21',
    send: [get('/a', ...Array.from({ length: 5 }, (_, i) => `X-${i}: ${'a'.repeat(4_000)}`))],
    client: { ...refused(431), connection: 'closed' },
    seen: 'nothing',
  },
  {
    id: 'X21',
    title: 'more than 200 fields',
    source: 'RFC 6585 §5; threat 21',
    send: [get('/a', ...Array.from({ length: 210 }, (_, i) => `X-${i}: 1`))],
    client: refused(431),
    seen: 'nothing',
  },
  forwarded(
    'X22',
    '150 fields',
    'threat 21',
    Array.from({ length: 150 }, (_, i) => `X-${i}: ${i}`),
    { head: [/^X-149: 149$/m] },
  ),
  forwarded(
    'X30',
    'fields named in Connection, and Connection itself',
    'RFC 9110 §7.6.1; vector F01',
    ['Connection: X-Foo, keep-alive', 'X-Foo: 1', 'X-Bar: 2'],
    {
      head: [/^X-Bar: 2$/m],
      lacks: [/x-foo/i],
    },
  ),
  forwarded(
    'X31',
    'two Connection lines',
    'RFC 9110 §7.6.1',
    ['Connection: X-Foo', 'X-Foo: 1', 'X-Bar: 2', 'connection: x-bar'],
    {
      lacks: [/x-foo|x-bar/i],
    },
  ),
  forwarded('X32', 'Keep-Alive', 'RFC 9110 §7.6.1; vector F02', ['Keep-Alive: timeout=5'], {
    lacks: [/^keep-alive:/im],
  }),
  forwarded('X33', 'Proxy-Connection', 'RFC 9110 §7.6.1', ['Proxy-Connection: keep-alive'], {
    lacks: [/proxy-connection/i],
  }),
  forwarded('X34', 'Proxy-Authorization', 'RFC 9110 §11.7.2; vector F06', ['Proxy-Authorization: Basic x'], {
    lacks: [/proxy-authorization/i],
  }),
  forwarded('X35', 'TE', 'RFC 9110 §10.1.4', ['TE: trailers', 'Connection: TE'], { lacks: [/^te:/im] }),
  forwarded('X36', 'Upgrade that Connection does not name', 'RFC 9110 §7.8; vector F16', ['Upgrade: h2c'], {
    lacks: [/upgrade/i],
  }),
  forwarded(
    'X37',
    'an upgrade to h2c is not taken',
    'RFC 9110 §7.8',
    ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'],
    {
      lacks: [/upgrade|h2c|http2-settings/i],
    },
  ),
  forwarded(
    'X38',
    'Connection: Authorization does not take the token away',
    'CVE-2026-33805; vector F03',
    ['Connection: close, Authorization'],
    {
      head: [token],
    },
  ),
  forwarded(
    'X39',
    'Connection: Content-Length does not take the framing away',
    'RFC 9110 §7.6.1; threat 11',
    ['Connection: Content-Length, Transfer-Encoding, Host'],
    {
      head: [/^Host: /im, token],
    },
  ),
  {
    id: 'X40',
    title: 'Connection: Content-Length on a request with a body',
    source: 'RFC 9110 §7.6.1; threat 11',
    send: [`${get('/a', 'Connection: Content-Length', 'Content-Length: 3')}abc`],
    client: served,
    seen: { body: 'abc', head: [/^Content-Length: 3$/im] },
  },
  forwarded(
    'X41',
    "the caller's Authorization is replaced",
    'threat 13; vector F05',
    ['Authorization: Bearer stolen', 'authorization: Basic x'],
    {
      head: [token],
      lacks: [/stolen|Basic/, secondAuthorization],
    },
  ),
  forwarded('X42', 'Via is added', 'RFC 9110 §7.6.3', [], { head: [/^Via: 1\.1 bearerd-[0-9a-f]+$/m] }),
  forwarded('X43', 'Via is appended to', 'RFC 9110 §7.6.3; vector F07', ['Via: 1.0 fred', 'via: 1.1 p.example (x)'], {
    head: [/^Via: 1\.0 fred, 1\.1 p\.example \(x\), 1\.1 bearerd-[0-9a-f]+$/im],
  }),
  forwarded('X44', 'no Forwarded, no X-Forwarded-For of our own', 'RFC 7239 §8; vector F09', [], {
    lacks: [/forwarded|x-real-ip/i],
  }),
  forwarded(
    'X45',
    "the caller's X-Forwarded-For is nobody's business",
    'RFC 9110 §7.6',
    ['X-Forwarded-For: 192.0.2.1'],
    {
      head: [/^X-Forwarded-For: 192\.0\.2\.1$/m],
    },
  ),
  forwarded('X46', 'nothing is added for the caller', 'RFC 9110 §7.7', [], {
    lacks: [/^(user-agent|accept|accept-encoding|accept-language|sec-fetch-mode):/im],
  }),
  forwarded('X47', 'Accept-Encoding stays', 'RFC 9110 §12.5.3', ['Accept-Encoding: br;q=0.5, x-odd'], {
    head: [/^Accept-Encoding: br;q=0\.5, x-odd$/m],
  }),
  forwarded(
    'X48',
    'Range and conditions stay',
    'RFC 9110 §14.2, §13.1',
    ['Range: bytes=0-4,10-', 'If-None-Match: W/"x"', 'If-Range: "y"'],
    {
      head: [/^Range: bytes=0-4,10-$/m, /^If-None-Match: W\/"x"$/m, /^If-Range: "y"$/m],
    },
  ),
  {
    id: 'X49',
    title: 'Max-Forwards counts down on OPTIONS',
    source: 'RFC 9110 §7.6.2; vector F18',
    send: [head('OPTIONS /a HTTP/1.1', 'Host: localhost', 'Max-Forwards: 5')],
    client: served,
    seen: { head: [/^Max-Forwards: 4$/m] },
  },
  {
    id: 'X50',
    title: 'Max-Forwards: 0 on OPTIONS is answered here',
    source: 'RFC 9110 §7.6.2',
    send: [head('OPTIONS /a HTTP/1.1', 'Host: localhost', 'Max-Forwards: 0')],
    client: { status: [[200, 204]], head: [/^Allow: .*GET/m] },
    seen: 'nothing',
  },
  forwarded('X51', 'Max-Forwards of another method is left alone', 'RFC 9110 §7.6.2', ['Max-Forwards: 0'], {
    head: [/^Max-Forwards: 0$/m],
  }),
  {
    id: 'X52',
    title: 'Expect: something else',
    source: 'RFC 9110 §10.1.1',
    send: [get('/a', 'Expect: the-unexpected')],
    client: { status: [[200, 417]] },
    seen: 'anything',
  },
  {
    id: 'X53',
    title: 'a request through two of the same kind is no loop',
    source: 'RFC 9110 §7.6.3; vector F11',
    send: [get('/a', 'Via: 1.1 bearerd-00000000')],
    client: served,
    seen: { requests: 1 },
  },
  {
    id: 'X54',
    title: 'a proxy that points at itself answers at once',
    source: 'RFC 9110 §7.6; threat 22',
    send: [get('/self/a')],
    upstream: answering(),
    client: { status: [502], head: [/^Proxy-Status: [^;]+; error=proxy_loop_detected/m] },
    seen: 'nothing',
  },
];
