import t from 'tap';
import { rememberSecret } from '../../src/config/redaction.ts';
import { clientAttributes, serverAttributes } from '../../src/tracing/http-attributes.ts';

t.test('attributes of a request that is sent', async (t) => {
  const table = [
    ['https://api.example.com', '/a?b=c', ['api.example.com', 443, 'https://api.example.com/a']],
    ['http://api.example.com', '/', ['api.example.com', 80, 'http://api.example.com/']],
    ['https://[::1]:8443', '/x', ['::1', 8443, 'https://[::1]:8443/x']],
  ] as const;
  for (const [origin, target, [address, port, full]] of table) {
    t.strictSame(clientAttributes({ method: 'GET', origin, target }, 0), {
      'http.request.method': 'GET',
      'server.address': address,
      'server.port': port,
      'url.full': full,
    });
  }
  const repeated = clientAttributes({ method: 'GET', origin: 'http://x', target: '/' }, 1);
  t.equal(repeated['http.request.resend_count'], 1);
});

t.test('attributes of a request that has come', async (t) => {
  t.strictSame(serverAttributes({ method: 'PUT', origin: 'unix:/run/bearerd.sock', target: '/a?b' }), {
    'http.request.method': 'PUT',
    'server.address': '/run/bearerd.sock',
    'url.path': '/a',
    'url.scheme': 'http',
  });
  t.match(serverAttributes({ method: 'GET', origin: 'https://localhost:9', target: '/' }), { 'url.scheme': 'https' });
});

t.test('a known secret in a path is not shown', async (t) => {
  rememberSecret('hush-hush');
  const call = { method: 'GET', origin: 'http://x', target: '/a/hush-hush/b' };
  t.equal(serverAttributes(call)['url.path'], '/a/‹secret›/b');
  t.equal(clientAttributes(call, 0)['url.full'], 'http://x/a/‹secret›/b');
});
