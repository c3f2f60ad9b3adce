import { readFileSync } from 'node:fs';
import t from 'tap';
import { type GuardFacts, guard, hostName } from '../../src/inbound/guard.ts';

const loopback = ['localhost', '127.0.0.1', '[::1]'];
const own = ['http://127.0.0.1:8080'];

function facts(over: Partial<GuardFacts>): GuardFacts {
  return {
    method: 'GET',
    url: '/rest/2.0/communities',
    httpVersion: '1.1',
    rawHeaders: ['Host', 'localhost:8080'],
    scheme: 'http',
    ownOrigins: own,
    allowedHosts: loopback,
    allowedOrigins: [],
    ...over,
  };
}

interface GateVector {
  readonly id: string;
  readonly title: string;
  readonly given: {
    readonly listener: string;
    readonly allowed_hosts: string | readonly string[];
    readonly allowed_origins: readonly string[];
    readonly method: string;
    readonly request_target: string;
    readonly headers: readonly (readonly [string, string])[];
  };
  readonly expect: { readonly forwarded: boolean; readonly recommended_status?: number };
}

// JSON.parse gives no types; the shape is the one of the vectors' field notes.
const vectors = JSON.parse(readFileSync('test/vectors/vectors.json', 'utf8')) as { request_gate: GateVector[] };

t.test('request_gate vectors', async (t) => {
  t.ok(vectors.request_gate.length >= 18, 'the vectors are there');
  for (const { id, title, given, expect } of vectors.request_gate) {
    const refusal = guard(
      facts({
        method: given.method,
        url: given.request_target,
        rawHeaders: given.headers.flat(),
        ownOrigins: [`http://${given.listener}`],
        allowedHosts: typeof given.allowed_hosts === 'string' ? loopback : given.allowed_hosts,
        allowedOrigins: given.allowed_origins,
      }),
    );
    t.equal(refusal?.entry.status, expect.forwarded ? undefined : expect.recommended_status, `${id} ${title}`);
  }
});

const page = 'https://app.example';
const host = ['Host', 'localhost:8080'];
const cases: readonly [title: string, over: Partial<GuardFacts>, status: number | undefined][] = [
  ['threat 1: a foreign name that resolves to loopback (DNS rebinding)', { rawHeaders: ['Host', 'evil.example'] }, 421],
  ['threat 1: an allowed name as suffix', { rawHeaders: ['Host', 'evil-localhost:8080'] }, 421],
  ['threat 1: an allowed name as first label', { rawHeaders: ['Host', 'localhost.evil.example'] }, 421],
  ['threat 1: another spelling of 127.0.0.1 is not in the list', { rawHeaders: ['Host', '0x7f.1:8080'] }, 421],
  ['threat 1: only one trailing dot is taken off', { rawHeaders: ['Host', 'localhost..'] }, 421],
  ['another spelling of [::1] is the same address', { rawHeaders: ['Host', '[0:0:0:0:0:0:0:1]:8080'] }, undefined],
  ['an IPv6 Host that is no address', { rawHeaders: ['Host', '[::1::2]'] }, 400],
  ['a name of the list may be written in capitals', { allowedHosts: ['LocalHost'] }, undefined],
  ['a Host without port', { rawHeaders: ['host', 'localhost'] }, undefined],
  ['a Host with a user part', { rawHeaders: ['Host', 'localhost@evil.example'] }, 400],
  ['a Host that is only a port', { rawHeaders: ['Host', ':8080'] }, 400],
  ['a Host with a path', { rawHeaders: ['Host', 'localhost/evil'] }, 400],
  ['RFC 9112 §3.2: the same Host twice, in two cases', { rawHeaders: ['Host', 'localhost', 'HOST', 'localhost'] }, 400],
  ['threat 2: a foreign Origin', { method: 'POST', rawHeaders: [...host, 'Origin', page] }, 403],
  ['threat 2: Origin null', { method: 'POST', rawHeaders: [...host, 'Origin', 'null'] }, 403],
  ['threat 2: an empty Origin', { rawHeaders: [...host, 'Origin', ''] }, 403],
  ['threat 2: a listed Origin', { rawHeaders: [...host, 'Origin', page], allowedOrigins: [page] }, undefined],
  [
    'threat 2: a listed Origin as prefix',
    { rawHeaders: [...host, 'Origin', `${page}.evil.example`], allowedOrigins: [page] },
    403,
  ],
  ['the own origin', { rawHeaders: ['Host', '127.0.0.1:8080', 'Origin', 'http://127.0.0.1:8080'] }, undefined],
  ['an own origin that is not the Host', { rawHeaders: [...host, 'Origin', 'http://127.0.0.1:8080'] }, undefined],
  [
    'the Host as origin (a published port)',
    { rawHeaders: ['Host', 'localhost:49153', 'Origin', 'http://localhost:49153'] },
    undefined,
  ],
  ['the Host as origin on port 80', { rawHeaders: ['Host', 'localhost:80', 'Origin', 'http://localhost'] }, undefined],
  ['another port of localhost', { rawHeaders: [...host, 'Origin', 'http://localhost:3000'] }, 403],
  ['the Host as https origin', { rawHeaders: [...host, 'Origin', 'https://localhost:8080'] }, 403],
  [
    'RFC 6454 §7.3: Origin twice',
    { rawHeaders: [...host, 'Origin', page, 'origin', page], allowedOrigins: [page] },
    400,
  ],
  [
    'H14: Sec-Fetch-Site same-site is another port of localhost',
    { rawHeaders: [...host, 'Sec-Fetch-Site', 'same-site'] },
    403,
  ],
  ['Sec-Fetch-Site same-origin', { rawHeaders: [...host, 'Sec-Fetch-Site', 'same-origin'] }, undefined],
  ['Sec-Fetch-Site cross-site in capitals', { rawHeaders: [...host, 'sec-fetch-site', 'CROSS-SITE'] }, 403],
  ['Sec-Fetch-Site twice', { rawHeaders: [...host, 'Sec-Fetch-Site', 'none', 'Sec-Fetch-Site', 'cross-site'] }, 403],
  ['Sec-Fetch-Site with a word that no browser sends', { rawHeaders: [...host, 'Sec-Fetch-Site', 'near'] }, 403],
  [
    'Sec-Fetch-Site cross-site with a listed Origin',
    { rawHeaders: [...host, 'Sec-Fetch-Site', 'cross-site', 'Origin', page], allowedOrigins: [page] },
    undefined,
  ],
  [
    'Sec-Fetch-Site cross-site with the own Origin, which is not listed',
    { rawHeaders: [...host, 'Sec-Fetch-Site', 'cross-site', 'Origin', 'http://localhost:8080'] },
    403,
  ],
  [
    'Sec-Fetch-Site same-origin does not excuse a foreign Origin',
    { rawHeaders: [...host, 'Sec-Fetch-Site', 'same-origin', 'Origin', page] },
    403,
  ],
  [
    'threat 3: the preflight of a listed origin',
    {
      method: 'OPTIONS',
      rawHeaders: [...host, 'Origin', page, 'Access-Control-Request-Method', 'PUT'],
      allowedOrigins: [page],
    },
    undefined,
  ],
  ['threat 10: CONNECT', { method: 'CONNECT', url: 'evil.example:443' }, 405],
  ['H22, threat 10: absolute-form with a foreign authority', { url: 'http://evil.example/rest' }, 421],
  [
    'RFC 9112 §3.2.2: the authority replaces a foreign Host',
    { url: 'http://localhost/x', rawHeaders: ['Host', 'evil.example'] },
    undefined,
  ],
  ['absolute-form does not excuse a missing Host', { url: 'http://localhost/x', rawHeaders: [] }, 400],
  ['absolute-form does not excuse a malformed Host', { url: 'http://localhost/x', rawHeaders: ['Host', 'a b'] }, 400],
  ['absolute-form with a user part', { url: 'http://localhost@evil.example/' }, 400],
  ['absolute-form with an allowed user part', { url: 'http://evil.example@localhost/' }, 400],
  ['absolute-form without authority', { url: 'http:///x' }, 400],
  ['absolute-form of https', { url: 'https://localhost/x' }, 421],
  ['absolute-form of file', { url: 'file:///etc/passwd' }, 421],
  ['absolute-form that ends after the authority', { url: 'HTTP://LocalHost:8080?x=1' }, undefined],
  ['threat 10: @host', { url: '@evil.example/x' }, 400],
  ['threat 10: authority-form without CONNECT', { url: 'evil.example:443' }, 400],
  ['an empty target', { url: '' }, 400],
  ['a target with a fragment', { url: '/a#b' }, 400],
  ['RFC 9112 §3.2.4: OPTIONS *', { method: 'OPTIONS', url: '*' }, undefined],
  ['HTTP/0.9', { httpVersion: '0.9' }, 400],
  ['HTTP/2.0 on the request line', { httpVersion: '2.0' }, 400],
  ['HTTP/1.0 with Host', { httpVersion: '1.0' }, undefined],
  ['RFC 9112 §6.1: chunked', { rawHeaders: [...host, 'Transfer-Encoding', 'Chunked'] }, undefined],
  ['F17, RFC 9112 §6.1: gzip, chunked', { rawHeaders: [...host, 'Transfer-Encoding', 'gzip, chunked'] }, 501],
  [
    'threat 11: chunked twice',
    { rawHeaders: [...host, 'Transfer-Encoding', 'chunked', 'transfer-encoding', 'chunked'] },
    501,
  ],
  [
    'threat 11: HTTP/1.0 with Transfer-Encoding',
    { httpVersion: '1.0', rawHeaders: [...host, 'Transfer-Encoding', 'chunked'] },
    400,
  ],
];

t.test('every rule of the guard', async (t) => {
  for (const [title, over, status] of cases) t.equal(guard(facts(over))?.entry.status, status, title);
});

t.test('405 names the methods that are served (RFC 9110 §15.5.6), bad framing closes the connection', async (t) => {
  t.match(guard(facts({ method: 'TRACE' }))?.occurrence.headers, ['Allow', /GET/]);
  const refusal = guard(facts({ rawHeaders: [...host, 'Transfer-Encoding', 'gzip'] }));
  t.strictSame(refusal?.occurrence.headers, ['Connection', 'close']);
});

t.test('a Host that was allowed for one listener is not allowed for another', async (t) => {
  const first = ['one'];
  const second = ['two'];
  const rawHeaders = ['Host', 'one'];
  t.equal(guard(facts({ rawHeaders, allowedHosts: first })), undefined);
  t.equal(guard(facts({ rawHeaders, allowedHosts: first })), undefined);
  t.equal(guard(facts({ rawHeaders, allowedHosts: second }))?.code, 'BEARERD_HOST_NOT_ALLOWED');
});

t.test('a refusal shows the client its own words cut and in ASCII', async (t) => {
  const refusal = guard(facts({ rawHeaders: [...host, 'Origin', `ü${'x'.repeat(5000)}`] }));
  t.match(refusal?.message, /"\?x+"/);
  t.ok((refusal?.message.length ?? 0) < 200);
});

t.test('hostName', async (t) => {
  t.equal(hostName('LOCALHOST.:80'), 'localhost');
  t.equal(hostName('[0:0::1]:80'), '[::1]');
  t.equal(hostName('a b'), undefined);
});
