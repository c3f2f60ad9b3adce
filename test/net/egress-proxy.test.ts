import t from 'tap';
import { authorityOf, proxyFor } from '../../src/net/egress-proxy.ts';
import { isLoopback } from '../../src/net/loopback.ts';

const server = (name: string) => ({ url: `http://${name}:3128`, credentials: undefined });
const [http, https] = [server('for-http'), server('for-https')];

/** As undici hands it over: IPv6 without brackets. */
function destination(url: string) {
  const { protocol, hostname, port } = new URL(url);
  return { protocol, hostname: hostname.replace(/^\[|\]$/g, ''), port };
}

t.test('a proxy for each scheme', async (t) => {
  const both = { http, https, except: '' };
  t.equal(proxyFor(destination('https://api.example.com'), both), https);
  t.equal(proxyFor(destination('http://api.example.com'), both), http);
  t.equal(proxyFor(destination('http://api.example.com'), { http: undefined, https, except: '' }), undefined);
});

t.test('loopback is always reached directly, whatever form it has', async (t) => {
  const urls = ['localhost', 'x.localhost', 'LOCALHOST', 'localhost.', '127.0.0.1', '127.255.1.2', '[::1]'];
  for (const host of [...urls, '[::ffff:127.0.0.1]', '127.1', '0x7f.1']) {
    t.equal(proxyFor(destination(`https://${host}:8443`), { http, https, except: '' }), undefined, host);
  }
  for (const host of [
    'localhost.example.com',
    'xlocalhost',
    '128.0.0.1',
    '[::2]',
    '127.0.0.1.example.com',
    '0.0.0.0',
  ]) {
    t.notOk(isLoopback(host), host);
  }
});

const exceptions: readonly (readonly [list: string, url: string, direct: boolean])[] = [
  ['', 'https://api.example.com', false],
  ['*', 'https://api.example.com', true],
  ['example.com', 'https://example.com', true],
  ['example.com', 'https://api.example.com', true],
  ['example.com', 'https://notexample.com', false],
  ['example.com', 'https://example.com.evil.test', false],
  ['.example.com', 'https://api.example.com', true],
  ['.example.com', 'https://example.com', true],
  ['*.example.com', 'https://api.example.com', true],
  ['EXAMPLE.com', 'https://API.example.COM', true],
  ['example.com.', 'https://api.example.com', true],
  ['api.example.com', 'https://api.example.com.', true],
  ['a.test, b.test\texample.com', 'https://example.com', true],
  [' ,, ,', 'https://example.com', false],
  ['.', 'https://example.com', false],
  ['example.com:8443', 'https://example.com:8443', true],
  ['example.com:8443', 'https://example.com', false],
  ['example.com:443', 'https://example.com', true],
  ['example.com:80', 'http://example.com', true],
  ['10.0.0.1', 'https://10.0.0.1', true],
  ['10.0.0.1', 'https://10.0.0.10', false],
  ['0.0.1', 'https://10.0.0.1', false],
  ['10.0.0.0/8', 'https://10.255.3.4', true],
  ['10.0.0.0/8', 'https://11.0.0.1', false],
  ['10.0.0.0/33', 'https://10.0.0.0', false],
  ['10.0.0.0/x', 'https://10.0.0.0', false],
  ['0.0.0.0/0', 'https://10.0.0.0', true],
  ['10.0.0.1:8443', 'https://10.0.0.1:8443', true],
  ['10.0.0.1:8443', 'https://10.0.0.1', false],
  ['[2001:db8::1]', 'https://[2001:db8::1]', true],
  ['2001:db8::1', 'https://[2001:db8:0::1]', true],
  ['[2001:db8::1]:8443', 'https://[2001:db8::1]:8443', true],
  ['[2001:db8::1]:8443', 'https://[2001:db8::1]', false],
  ['2001:db8::/32', 'https://[2001:db8::42]', true],
  ['2001:db8::/129', 'https://[2001:db8::42]', false],
  ['10.0.0.1', 'https://[2001:db8::42]', false],
];
for (const [list, url, direct] of exceptions) {
  t.test(`NO_PROXY '${list}': ${url} goes ${direct ? 'there directly' : 'through the proxy'}`, async (t) => {
    t.equal(proxyFor(destination(url), { http, https, except: list }), direct ? undefined : proxyOf(url));
  });
}

function proxyOf(url: string) {
  return url.startsWith('https:') ? https : http;
}

t.test('what CONNECT names: always with a port, IPv6 in brackets (RFC 9110 9.3.6)', async (t) => {
  t.equal(authorityOf(destination('https://Api.example.com')), 'api.example.com:443');
  t.equal(authorityOf(destination('http://api.example.com')), 'api.example.com:80');
  t.equal(authorityOf(destination('https://[2001:db8::1]:8443')), '[2001:db8::1]:8443');
});
