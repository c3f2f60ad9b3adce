import {
  type Act,
  type Case,
  type ClientExpectation,
  get,
  head,
  plainAnswer,
  refused,
  served,
  type UpstreamExpectation,
} from './case.ts';

const handshake = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
];
const accepted = head(
  'HTTP/1.1 101 Switching Protocols',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
);
const frame = '\x81\x05hello';

function upgrade(
  id: string,
  title: string,
  source: string,
  lines: readonly string[],
  acts: readonly Act[],
  client: ClientExpectation,
  seen: UpstreamExpectation | 'nothing' = {},
): Case {
  return { id, title, source, send: [get('/ws', ...lines)], upstream: { answers: [acts] }, client, seen };
}

const switched = { status: [101] } as const;
const asked = {
  line: 'GET /ws HTTP/1.1',
  head: [/^Upgrade: websocket$/im, /^Connection: upgrade$/im, /^Sec-WebSocket-Key: dGhl/im],
};

/** Upgrades. */
export const websocketCases: readonly Case[] = [
  upgrade('W01', 'the handshake carries the token', 'RFC 6455 §4.1; interface §4', handshake, [accepted], switched, {
    ...asked,
    head: [...asked.head, /^Authorization: Bearer token1$/im, /^Via: 1\.1 bearerd-/im],
  }),
  upgrade('W02', 'a handshake without a token is a handshake', 'RFC 6455 §4.1', handshake, [accepted], switched, asked),
  upgrade('W03', "the upstream's accept reaches the client", 'RFC 6455 §4.2.2', handshake, [accepted], {
    ...switched,
    head: [
      /^Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=$/im,
      /^Upgrade: websocket$/im,
      /^Connection: Upgrade$/im,
    ],
  }),
  upgrade(
    'W04',
    'subprotocol and extension are settled end to end',
    'RFC 6455 §1.9, §9.1',
    [
      ...handshake,
      'Sec-WebSocket-Protocol: a, b',
      'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
    ],
    [`${accepted.slice(0, -2)}Sec-WebSocket-Protocol: b\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n`],
    { ...switched, head: [/^Sec-WebSocket-Protocol: b$/im, /^Sec-WebSocket-Extensions: permessage-deflate$/im] },
    {
      head: [
        /^Sec-WebSocket-Protocol: a, b$/im,
        /^Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits$/im,
      ],
    },
  ),
  upgrade('W05', 'a frame in the same packet as the 101', 'RFC 6455 §4.2.2', handshake, [accepted + frame], {
    ...switched,
    tunnel: frame,
  }),
  {
    id: 'W06',
    title: 'a frame behind the handshake, echoed',
    source: 'RFC 6455 §5',
    send: [get('/ws', ...handshake), { until: /101/ }, frame],
    upstream: { answers: [[accepted, { until: /hello/ }, frame]] },
    client: { ...switched, tunnel: frame },
    seen: {},
  },
  {
    id: 'W07',
    title: 'a frame in the same packet as the handshake',
    source: 'RFC 6455 §4.1: a client must not, but bytes must not be lost',
    send: [get('/ws', ...handshake) + frame],
    upstream: { at: 'head', answers: [[accepted, { until: /hello/ }, frame]] },
    client: { ...switched, tunnel: frame },
    seen: 'anything',
  },
  upgrade(
    'W08',
    'the upstream ends: so does the client',
    'RFC 6455 §7.1.1',
    handshake,
    [accepted, frame, { waitMs: 10 }, 'end'],
    {
      ...switched,
      tunnel: frame,
      connection: 'closed',
    },
  ),
  upgrade(
    'W09',
    'a refused handshake is its status',
    'RFC 6455 §4.2.2',
    handshake,
    [`${head('HTTP/1.1 403 Forbidden', 'X-Why: no', 'Content-Length: 2')}no`],
    {
      status: [403],
      body: 'no',
      head: [/^X-Why: no$/m],
    },
  ),
  upgrade(
    'W10',
    'a 426 with its version',
    'RFC 6455 §4.4',
    handshake,
    [head('HTTP/1.1 426 Upgrade Required', 'Sec-WebSocket-Version: 13, 8', 'Content-Length: 0')],
    {
      status: [426],
      head: [/^Sec-WebSocket-Version: 13, 8$/m],
    },
  ),
  upgrade(
    'W11',
    'a 200 to a handshake',
    'RFC 9110 §7.8',
    handshake,
    [`${head('HTTP/1.1 200 OK', 'Content-Length: 2')}ok`],
    { status: [200], body: 'ok' },
  ),
  upgrade(
    'W12',
    'a refused handshake in chunks',
    'RFC 9112 §7.1',
    handshake,
    [`${head('HTTP/1.1 404 Not Found', 'Transfer-Encoding: chunked')}2\r\nno\r\n0\r\n\r\n`],
    {
      status: [404],
      body: 'no',
    },
  ),
  upgrade(
    'W13',
    'a foreign Origin',
    'threat 4; CVE-2026-14631',
    [...handshake, 'Origin: http://evil.example'],
    [accepted],
    refused(403),
    'nothing',
  ),
  upgrade('W14', 'the own Origin', 'threat 4', [...handshake, 'Origin: http://localhost'], [accepted], switched, {
    head: [/^Origin: http:\/\/localhost$/m],
  }),
  {
    id: 'W15',
    title: 'a foreign Host',
    source: 'threat 1; GHSA-c4j6-fc7j-m34r',
    send: [head('GET /ws HTTP/1.1', 'Host: evil.example', ...handshake)],
    client: refused(421),
    seen: 'nothing',
  },
  {
    id: 'W16',
    title: 'a dot-dot behind a prefix',
    source: 'threat 9; GHSA-c4j6-fc7j-m34r',
    send: [get('/p/../ws', ...handshake)],
    client: refused(400),
    seen: 'nothing',
  },
  {
    id: 'W17',
    title: 'the prefix is replaced',
    source: 'interface §4',
    send: [get('/p/ws?x=%zz', ...handshake)],
    upstream: { answers: [[accepted]] },
    client: switched,
    seen: { line: 'GET /base/ws?x=%zz HTTP/1.1' },
  },
  {
    id: 'W18',
    title: 'POST does not upgrade',
    source: 'RFC 6455 §4.1',
    send: [`${head('POST /ws HTTP/1.1', 'Host: localhost', ...handshake, 'Content-Length: 2')}hi`],
    client: served,
    seen: { line: 'POST /ws HTTP/1.1', body: 'hi', lacks: [/^upgrade:/im] },
  },
  {
    id: 'W19',
    title: 'HTTP/1.0 does not upgrade',
    source: 'RFC 9110 §7.8',
    send: [head('GET /ws HTTP/1.0', 'Host: localhost', ...handshake)],
    client: served,
    seen: { lacks: [/^upgrade:/im] },
  },
  {
    id: 'W20',
    title: 'an upgrade to h2c is served as plain HTTP, the connection stays',
    source: 'RFC 9110 §7.8',
    send: [get('/1', 'Connection: Upgrade', 'Upgrade: h2c'), { until: /ok$/ }, get('/2')],
    client: { status: [200, 200], body: 'ok', connection: 'open' },
    seen: { requests: 2, lacks: [/upgrade/i] },
  },
  upgrade('W21', 'the connection ends without an answer to the handshake', 'RFC 9110 §15.6.3', handshake, ['end'], {
    status: [502],
  }),
  {
    id: 'W22',
    title: 'a handshake behind a request that has no answer yet',
    source: 'RFC 9112 §9.3.2',
    send: [get('/1') + get('/ws', ...handshake)],
    upstream: { answers: [[{ waitMs: 60 }, plainAnswer], [accepted + frame]] },
    client: { status: [200, 101], tunnel: frame },
    seen: { requests: 2, line: 'GET /ws HTTP/1.1' },
  },
  {
    id: 'W23',
    title: 'an upgrade to h2c behind a request that has no answer yet',
    source: 'RFC 9112 §9.3.2',
    send: [get('/1') + get('/2', 'Connection: Upgrade', 'Upgrade: h2c')],
    upstream: { answers: [[{ waitMs: 60 }, plainAnswer], [plainAnswer]] },
    client: { status: [200, 200], body: 'ok', connection: 'open' },
    seen: { requests: 2, line: 'GET /2 HTTP/1.1' },
  },
];
