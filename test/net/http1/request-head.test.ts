import t from 'tap';
import { BearerdError } from '../../../src/errors.ts';
import { type RequestHead, requestHead } from '../../../src/net/http1/request-head.ts';

const plain: RequestHead = {
  method: 'GET',
  target: '/a?b=c',
  authority: 'api.example:8080',
  fields: ['Accept', '*/*', 'x-Id', '1'],
  chunked: false,
  upgrade: false,
};

t.test('the exact bytes', async (t) => {
  const cases: readonly [what: string, head: RequestHead, text: string][] = [
    [
      'plain',
      plain,
      'GET /a?b=c HTTP/1.1\r\nHost: api.example:8080\r\nConnection: keep-alive\r\nAccept: */*\r\nx-Id: 1\r\n\r\n',
    ],
    [
      'no fields',
      { ...plain, method: 'OPTIONS', target: '*', fields: [] },
      'OPTIONS * HTTP/1.1\r\nHost: api.example:8080\r\nConnection: keep-alive\r\n\r\n',
    ],
    [
      'chunked',
      { ...plain, method: 'POST', fields: ['X-A', ''], chunked: true },
      'POST /a?b=c HTTP/1.1\r\nHost: api.example:8080\r\nConnection: keep-alive\r\nX-A: \r\nTransfer-Encoding: chunked\r\n\r\n',
    ],
    [
      'an upgrade',
      { ...plain, fields: ['Sec-WebSocket-Version', '13'], upgrade: true },
      'GET /a?b=c HTTP/1.1\r\nHost: api.example:8080\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n',
    ],
    [
      'bytes above 0x7f and tabs, as they came',
      { ...plain, target: '/\xe4', fields: ['X-A', '\xff\x80\ta'] },
      'GET /\xe4 HTTP/1.1\r\nHost: api.example:8080\r\nConnection: keep-alive\r\nX-A: \xff\x80\ta\r\n\r\n',
    ],
  ];
  for (const [what, head, text] of cases) t.equal(requestHead(head), text, what);
});

/** Line ends, what ends a string elsewhere, and what latin1 would cut to one of them. */
const forbidden = [
  ...['\r', '\n', '\r\n', '\n\r', '\r\r\n', '\r\n\r\n', '\r\nX-B: 1', '\nX-B: 1', '\0', '\x01', '\x0b', '\x1f', '\x7f'],
  ...['\u0100', '\u010a', '\u010d', '\u560a', '\u2028', '\u{1f60a}', '\ud800'],
];

t.test('a part that would break its line, or is no byte, is refused wherever it stands', async (t) => {
  const taken: string[] = [];
  for (const bad of forbidden) {
    for (const where of [`${bad}x`, `x${bad}y`, `x${bad}`, bad]) {
      const heads: readonly [string, RequestHead][] = [
        ['method', { ...plain, method: where }],
        ['target', { ...plain, target: `/${where}` }],
        ['authority', { ...plain, authority: where }],
        ['name', { ...plain, fields: ['Accept', '*/*', where, '1'] }],
        ['value', { ...plain, fields: ['Accept', '*/*', 'X-A', where] }],
        ['last value of an upload', { ...plain, fields: ['X-A', where], chunked: true }],
        ['value of an upgrade', { ...plain, fields: ['X-A', where], upgrade: true }],
      ];
      for (const [place, head] of heads) if (!isRefused(head)) taken.push(`${JSON.stringify(where)} in the ${place}`);
    }
  }
  t.strictSame(taken, []);
  t.equal(isRefused(plain), false);
});

function isRefused(head: RequestHead): boolean {
  try {
    requestHead(head);
    return false;
  } catch (error) {
    if (error instanceof BearerdError && error.code === 'BEARERD_REQUEST_MALFORMED') return true;
    throw error;
  }
}

t.test('two line ends that would make up for each other do not', async (t) => {
  t.throws(() => requestHead({ ...plain, target: '/ HTTP/1.1\r\nX: y', fields: [] }), {
    code: 'BEARERD_REQUEST_MALFORMED',
  });
  t.throws(() => requestHead({ ...plain, fields: ['X-A', '1\r\n\r\nGET /evil HTTP/1.1\r\nHost: x'] }), {
    code: 'BEARERD_REQUEST_MALFORMED',
  });
});
