import { once } from 'node:events';
import { Agent, type IncomingMessage, type RequestOptions, request } from 'node:http';
import t, { type Test } from 'tap';
import { type Frame, flag, head, kind, startFrames } from '../support/http2-frames.ts';
import { type ProxyOptions, startProxy, type TestProxy } from '../support/proxy.ts';
import { eventually, RawClient, type TcpServer } from '../support/tcp.ts';
import { tlsText } from '../support/test-certificates.ts';

// What goes wrong on HTTP/2 connections, with an upstream that is made of frames where no library would do it.

const tls = { ca: [tlsText('ca.pem')] };

type Upstream = Pick<TcpServer, 'url' | 'close'>;

async function before(t: Test, upstream: Upstream, { route, ...rest }: ProxyOptions = {}): Promise<TestProxy> {
  const proxy = await startProxy(upstream.url, { ...rest, route: { tls, http2: true, ...route } });
  t.teardown(async () => {
    await proxy.stop();
    await upstream.close();
  });
  return proxy;
}

const agent = new Agent({ keepAlive: true });
t.teardown(() => agent.destroy());

/** One request through the proxy, with its status and body; rejects when the answer breaks off. */
async function call(proxy: TestProxy, options: RequestOptions = {}, body?: string): Promise<[number, string]> {
  const sent = request(proxy.url, { agent, ...options });
  sent.on('error', () => {});
  sent.end(body);
  const [response]: IncomingMessage[] = await once(sent, 'response');
  let text = '';
  for await (const chunk of response ?? []) text += String(chunk);
  return [response?.statusCode ?? 0, text];
}

const leavings: Readonly<Record<string, (client: RawClient) => void>> = {
  'is gone': (client) => client.socket.destroy(),
  'resets its connection': (client) => client.socket.resetAndDestroy(),
  'sends a chunk that is none': (client) => client.write('ZZZ\r\n'),
};

for (const [name, leave] of Object.entries(leavings)) {
  for (const answered of [false, true]) {
    t.test(`a client ${name} in the middle of its upload (answered: ${answered}): no END_STREAM, CANCEL`, async (t) => {
      const seen: Frame[] = [];
      const upstream = await startFrames((socket, one) => {
        if (one.stream === 0) return;
        seen.push(one);
        if (answered && one.type === kind.headers) socket.write(head(one.stream, '200'));
      });
      const proxy = await before(t, upstream);
      const client = new RawClient(proxy.port);
      client.write('PUT / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n');
      await eventually(() => seen.some(({ type }) => type === kind.data), 'the first piece');
      if (answered) await client.until(/^HTTP\/1\.1 200 /);
      leave(client);
      await eventually(() => seen.some(({ type }) => type === kind.reset), 'the end of the stream');
      const whole = seen.filter(({ type, flags }) => type === kind.data && (flags & flag.endStream) !== 0);
      t.equal(whole.length, 0, 'a body that is cut off must not look complete (RFC 9113 8.1)');
      t.equal(seen.find(({ type }) => type === kind.reset)?.payload.readUInt32BE(), 8, 'CANCEL');
      client.socket.destroy();
    });
  }
}
