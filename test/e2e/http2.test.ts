import t from 'tap';
import { startBearerd } from '../support/bearerd-process.ts';
import { startHttp2 } from '../support/http2-upstream.ts';
import { tlsFile } from '../support/test-certificates.ts';

t.test('the built binary speaks HTTP/2 to an upstream that takes it, on one connection', async (t) => {
  const upstream = await startHttp2((stream, { headers }) => {
    stream.respond({ ':status': 200 });
    stream.end(String(headers.authorization));
  });
  t.teardown(upstream.close);
  const credential = { provider: 'static', token: 'opaque-token-one' };
  const config = { upstream: upstream.url, http2: true, tls: { ca: tlsFile('ca.pem') }, credential };
  const bearerd = await startBearerd({ config });
  t.teardown(() => bearerd.stop('SIGKILL'));
  const all = await Promise.all([1, 2, 3].map(async () => (await fetch(bearerd.url)).text()));
  t.same(all, Array(3).fill('Bearer opaque-token-one'));
  t.equal(upstream.sessions.length, 1);
  t.same(await bearerd.stop(), { code: 0, signal: undefined });
});
