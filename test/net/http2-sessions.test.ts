import { once } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import t from 'tap';
import { Http2Sessions } from '../../src/net/http2-sessions.ts';
import { startHttp2 } from '../support/http2-upstream.ts';
import { eventually } from '../support/tcp.ts';
import { tlsText } from '../support/test-certificates.ts';

t.test('a connection that is old takes no further stream; those that it carries come to their end', async (t) => {
  const asked: ServerHttp2Stream[] = [];
  const upstream = await startHttp2((stream) => asked.push(stream));
  const sessions = new Http2Sessions(upstream.url, {
    ca: [tlsText('ca.pem')],
    insecureSkipVerify: undefined,
    serverName: undefined,
    connectTimeoutMs: 10_000,
    connections: 1,
    longestUseMs: 200,
  });
  const first = await sessions.connection();
  t.equal(await sessions.connection(), first);
  const stream = first?.session.request({ ':path': '/' });
  await eventually(() => first?.session.closed === true && asked.length === 1, 'its time is over');
  const next = await sessions.connection();
  t.ok(next !== undefined && next !== first);
  asked[0]?.respond({ ':status': 204 }, { endStream: true });
  if (stream !== undefined) t.match(await once(stream, 'response'), [{ ':status': 204 }]);
  sessions.close();
  await upstream.close();
});
