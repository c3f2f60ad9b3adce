import t from 'tap';
import { type ResponseHeaderRules, responseHeaders, trailerFields } from '../../src/upstream/response-headers.ts';

const rules: ResponseHeaderRules = {
  cookies: 'rewrite',
  upstreamOrigin: 'https://api.example',
  upstreamBase: '/base',
  prefix: '/local',
  cors: [],
};
const here = 'http://127.0.0.1:8080';
const flat = { upstreamBase: '', prefix: '' };

const cases: readonly {
  readonly name: string;
  readonly given: readonly string[];
  readonly rules?: Partial<ResponseHeaderRules>;
  readonly chunked?: boolean;
  readonly fields: readonly string[];
}[] = [
  {
    name: 'order, duplicates, spelling and odd bytes are kept; nothing is added',
    given: ['DATE', 'x', 'Vary', 'a', 'vary', 'b', 'X-\u00e9', '', 'X-B', '\u00ff'],
    fields: ['DATE', 'x', 'Vary', 'a', 'vary', 'b', 'X-\u00e9', '', 'X-B', '\u00ff'],
  },
  {
    name: 'hop-by-hop fields end here (RFC 9110 7.6.1)',
    given: [
      ...[
        'Connection',
        'close',
        'Keep-Alive',
        'timeout=5',
        'Proxy-Connection',
        'a',
        'TE',
        'a',
        'Transfer-Encoding',
        'chunked',
      ],
      ...['Upgrade', 'h2c', 'Proxy-Authenticate', 'Basic', 'Proxy-Authorization', 'x', 'ETag', '"a"'],
    ],
    fields: ['ETag', '"a"'],
  },
  {
    name: 'fields that Connection names end here, the length stays',
    given: [
      'X-One',
      '1',
      'Connection',
      'x-one, Content-Length',
      'Content-Length',
      '3',
      'connection',
      'X-TWO',
      'x-two',
      '2',
      'X-Three',
      '3',
    ],
    fields: ['Content-Length', '3', 'X-Three', '3'],
  },
  {
    name: 'several challenges in several lines are kept (RFC 9110 11.6.1)',
    given: ['WWW-Authenticate', 'Basic realm="a"', 'WWW-Authenticate', 'Bearer error="insufficient_scope"'],
    fields: ['WWW-Authenticate', 'Basic realm="a"', 'WWW-Authenticate', 'Bearer error="insufficient_scope"'],
  },
  { name: 'Trailer where trailers can follow', given: ['Trailer', 'X-T'], chunked: true, fields: ['Trailer', 'X-T'] },
  { name: 'no Trailer where none can', given: ['Trailer', 'X-T'], chunked: false, fields: [] },
  {
    name: "the upstream's CORS permissions are removed",
    given: ['Access-Control-Allow-Origin', '*', 'access-control-allow-credentials', 'true', 'Vary', 'Origin'],
    fields: ['Vary', 'Origin'],
  },
  {
    name: 'an allowed origin gets ours instead',
    given: ['Access-Control-Allow-Origin', '*', 'ETag', 'a'],
    rules: { cors: ['Access-Control-Allow-Origin', 'https://app.example'] },
    fields: ['ETag', 'a', 'Access-Control-Allow-Origin', 'https://app.example'],
  },
  {
    name: 'cookies: drop',
    given: ['Set-Cookie', 'a=b', 'set-cookie', 'c=d', 'ETag', 'a'],
    rules: { cookies: 'drop' },
    fields: ['ETag', 'a'],
  },
  {
    name: 'cookies: keep',
    given: ['Set-Cookie', 'a=b; Domain=api.example; Path=/base; Secure'],
    rules: { cookies: 'keep' },
    fields: ['Set-Cookie', 'a=b; Domain=api.example; Path=/base; Secure'],
  },
];

for (const { name, given, rules: over, chunked = true, fields } of cases) {
  t.test(`response fields: ${name}`, async (t) => {
    const raw = given;
    t.same(responseHeaders(raw, { ...rules, ...over }, here, chunked), fields);
  });
}

const cookies: readonly [given: string, expected: string, over?: Partial<ResponseHeaderRules>][] = [
  ['a=b', 'a=b'],
  ['a=b; Path=/base; HttpOnly', 'a=b; Path=/local; HttpOnly'],
  ['a=b; Path=/base/x', 'a=b; Path=/local/x'],
  ['a=b; path=/base/', 'a=b; Path=/local/'],
  ['a=b; Path=/; Domain=api.example; Secure; SameSite=Lax', 'a=b; Path=/; SameSite=Lax'],
  ['a=b; Path=/other', 'a=b; Path=/'],
  ['a=b; Path=/basement', 'a=b; Path=/'],
  ['a=b; Path=/base', 'a=b; Path=/', { prefix: '' }],
  ['a=b; Path=/x', 'a=b; Path=/local/x', { upstreamBase: '' }],
  ['a=b; Path=/', 'a=b; Path=/local/', { upstreamBase: '' }],
  ['a="b;c=d', 'a="b;c=d'],
  ['a=b; Expires=Wed, 21 Oct 2026 07:28:00 GMT; secure', 'a=b; Expires=Wed, 21 Oct 2026 07:28:00 GMT'],
  // SameSite=None and Partitioned mean nothing to a browser without Secure: it drops the cookie (RFC 6265bis 5.7)
  ['a=b; Secure; SameSite=None; Partitioned', 'a=b'],
  // and so do the name prefixes, which promise Secure
  ['__Host-a=b; Path=/; Secure', '__Host-a=b; Path=/'],
];

for (const [given, expected, over] of cookies) {
  t.test(`cookies: rewrite ${given}`, async (t) => {
    t.same(responseHeaders(['Set-Cookie', given], { ...rules, ...over }, here, true), ['Set-Cookie', expected]);
  });
}

const places: readonly [given: string, expected: string, over?: Partial<ResponseHeaderRules>][] = [
  ['https://api.example/base/x?q#f', `${here}/local/x?q#f`],
  ['https://api.example/base', `${here}/local`],
  ['https://api.example/base?q', `${here}/local?q`],
  ['HTTPS://API.example/base/x', `${here}/local/x`],
  ['https://api.example/x', 'https://api.example/x'],
  ['https://api.example/basement', 'https://api.example/basement'],
  ['https://api.example.evil/base/x', 'https://api.example.evil/base/x'],
  ['https://api.example@evil/base/x', 'https://api.example@evil/base/x'],
  ['https://api.example:8443/base/x', 'https://api.example:8443/base/x'],
  ['https://api.example:443/base/x', `${here}/local/x`],
  ['http://api.example/base/x', 'http://api.example/base/x'],
  ['https://idp.example/login', 'https://idp.example/login'],
  ['/base/x', '/local/x'],
  ['/base', '/local'],
  ['/x', '/x'],
  ['//api.example/base/x', '//127.0.0.1:8080/local/x'],
  ['//other.example/base/x', '//other.example/base/x'],
  ['x/y', 'x/y'],
  ['../x', '../x'],
  ['?q', '?q'],
  ['', ''],
  ['https://api.example', `${here}/`, flat],
  ['https://api.example/', `${here}/`, flat],
  ['https://api.example?q', `${here}/?q`, flat],
  ['https://api.example/x', `${here}/x`, flat],
  ['/x', '/x', flat],
  ['https://api.example/x', `${here}/local/x`, { upstreamBase: '' }],
  ['/x', '/local/x', { upstreamBase: '' }],
  ['/base', '/', { prefix: '' }],
];

for (const [given, expected, over] of places) {
  t.test(`places: ${given || 'empty'} ${JSON.stringify(over ?? {})}`, async (t) => {
    for (const name of ['Location', 'content-location']) {
      const fields = responseHeaders([name, given], { ...rules, ...over }, here, true);
      t.same(fields, [name, expected]);
    }
  });
}

t.test('Link: every target, nothing else', async (t) => {
  const given =
    '<https://api.example/base/x>; rel="next"; title="<no>", </base/y>; rel=prev, <https://else.example/>; rel=x';
  const expected = `<${here}/local/x>; rel="next"; title="<no>", </local/y>; rel=prev, <https://else.example/>; rel=x`;
  t.same(responseHeaders(['Link', given], rules, here, true), ['Link', expected]);
});

t.test('trailers without what frames the message (RFC 9110 6.5.1)', async (t) => {
  const given = [
    'X-T',
    '1',
    'x-t',
    '2',
    'Content-Length',
    '5',
    'Transfer-Encoding',
    'chunked',
    'Set-Cookie',
    'a=b',
    'Connection',
    'x',
  ];
  t.same(trailerFields(given), [
    ['X-T', '1'],
    ['x-t', '2'],
  ]);
});
