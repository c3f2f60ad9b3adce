import t from 'tap';
import { startProxy } from '../support/proxy.ts';
import { RawClient } from '../support/tcp.ts';
import { startUpstream } from '../support/upstream.ts';

t.test(
  'more client connections than limits.connections: 503 with Retry-After, and the end of the connection',
  async (t) => {
    const upstream = await startUpstream();
    const proxy = await startProxy(upstream.url, { limits: { connections: 1 } });
    t.teardown(() => Promise.all([proxy.stop(), upstream.close()]));
    const first = new RawClient(proxy.port);
    const ask = 'GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
    first.write(ask);
    await first.until(/200 OK/);
    const second = new RawClient(proxy.port);
    second.write(ask);
    await second.until(/BEARERD_TOO_MANY_CONNECTIONS/);
    t.match(second.text, /^HTTP\/1\.1 503 /);
    t.match(second.text, /\r\nRetry-After: 1\r\n/);
    await second.closed;
    t.equal(upstream.seen.length, 1);
    first.socket.destroy();
  },
);
