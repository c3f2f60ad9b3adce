import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { request } from 'undici';
import { Secret } from '../../src/config/secret.ts';
import { openTunnel } from '../../src/net/tunnel.ts';
import { type ConnectProxy, type Reaction, startConnectProxy } from '../support/connect-proxy.ts';
import { isProblem, read } from '../support/problem.ts';
import { startProxy } from '../support/proxy.ts';
import { tlsText } from '../support/test-certificates.ts';
import { startUpstream } from '../support/upstream.ts';
import { dial, handshakeStatus, startWebSocketUpstream } from '../support/websocket.ts';

// A name that is not this machine's: the proxy leads it to loopback.
const name = 'idp.example.com';
const tls = { ca: [tlsText('ca.pem')] };
const serverTls = { cert: tlsText('server.pem'), key: tlsText('server.key') };

function through({ url }: { readonly url: string }, credentials?: string) {
  const secret = credentials === undefined ? undefined : new Secret({ kind: 'value', value: credentials });
  const server = { url, credentials: secret };
  return { http: server, https: server, except: '' };
}

/** An https API that says who asked; it counts its connections. */
async function startApi(t: Test) {
  const seen: string[] = [];
  const server = createServer(serverTls, (asked, response) => {
    seen.push(`${asked.headers.host} ${asked.headers.authorization}`);
    if (asked.url === '/cut') {
      response.writeHead(200, { 'Content-Length': 100 }).write('x');
      setTimeout(() => response.socket?.destroy(), 20);
    } else asked.pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  // A server that listens on TCP has such an address.
  return { port: (server.address() as AddressInfo).port, seen };
}

async function proxyOf(t: Test, reaction: Reaction = 'open'): Promise<ConnectProxy> {
  const proxy = await startConnectProxy(reaction);
  t.teardown(proxy.close);
  return proxy;
}

t.test('an https upstream behind a proxy: a tunnel, in which the certificate is verified end to end', async (t) => {
  const api = await startApi(t);
  const proxy = await proxyOf(t);
  const route = { tls, egressProxy: through(proxy, 'me:pass:word') };
  const bearerd = await startProxy(`https://${name}:${api.port}`, { route });
  t.teardown(bearerd.stop);
  const answers = await Promise.all(
    [1, 2, 3].map(async () => read(await request(bearerd.url, { method: 'POST', body: 'echo' }))),
  );
  t.same(
    answers.map(({ status, text }) => [status, text]),
    [1, 2, 3].map(() => [200, 'echo']),
  );
  t.equal(api.seen[0], `${name}:${api.port} Bearer token1`);
  t.match(proxy.heads[0], new RegExp(`^CONNECT ${name}:${api.port} HTTP/1\\.1\r\nHost: ${name}:${api.port}\r\n`));
  t.match(proxy.heads[0], `Proxy-Authorization: Basic ${Buffer.from('me:pass:word').toString('base64')}`);
  t.notMatch(proxy.heads.join(), 'token1', 'the proxy sees no token');
  await read(await request(bearerd.url));
  t.equal(proxy.heads.length, 3, 'tunnels are kept for the next requests');
  const cut = request(`${bearerd.url}/cut`).then(async ({ body }) => body.text());
  await t.rejects(cut, 'a body that breaks off in a tunnel breaks off for the client');

  const stranger = { tls: { ca: undefined }, egressProxy: through(proxy) };
  const unsafe = await startProxy(`https://${name}:${api.port}`, { route: stranger });
  t.teardown(unsafe.stop);
  t.match((await read(await request(unsafe.url))).text, 'BEARERD_UPSTREAM_CERTIFICATE');
  const wrong = await startProxy(`https://wrong.example.com:${api.port}`, { route });
  t.teardown(wrong.stop);
  t.match((await read(await request(wrong.url))).text, 'BEARERD_UPSTREAM_CERTIFICATE', 'another name');
});

t.test('RFC 9110 §15.2: informational answers before the final one are passed over', async (t) => {
  const api = await startApi(t);
  const proxy = await proxyOf(t, 'early');
  const secure = await startProxy(`https://${name}:${api.port}`, { route: { tls, egressProxy: through(proxy) } });
  t.teardown(secure.stop);
  t.match(await read(await request(secure.url, { method: 'POST', body: 'echo' })), { status: 200, text: 'echo' });
  const upstream = await startUpstream((_, response) => response.end('plain'));
  t.teardown(upstream.close);
  const { port } = new URL(upstream.url);
  const route = { insecureHttp: true, egressProxy: through(proxy) };
  const plain = await startProxy(`http://${name}:${port}`, { route });
  t.teardown(plain.stop);
  t.match(await read(await request(plain.url)), { status: 200, text: 'plain' });
});

t.test('a time-out that is longer than a timer of Node can be does not end at once', async (t) => {
  const api = await startApi(t);
  const proxy = await proxyOf(t, 'late');
  const settings = { authority: `${name}:${api.port}`, timeoutMs: 2 ** 32, ca: undefined };
  const socket = await openTunnel({ url: proxy.url, credentials: undefined }, settings);
  t.ok(socket.writable);
  socket.destroy();
});

t.test('a plain http upstream, a proxy with an https URL, a WebSocket', async (t) => {
  const plain = await startUpstream();
  t.teardown(plain.close);
  const proxy = await startConnectProxy('late', serverTls);
  t.teardown(proxy.close);
  const route = { insecureHttp: true, tls, egressProxy: through(proxy) };
  const bearerd = await startProxy(`http://${name}:${plain.port}`, { route });
  t.teardown(bearerd.stop);
  t.equal((await read(await request(bearerd.url))).text, 'ok');
  t.equal(plain.seen[0]?.headers.host, `${name}:${plain.port}`);
  t.equal(proxy.heads.length, 1);

  const stranger = { ...route, tls: { ca: undefined, insecureSkipVerify: true } };
  const careful = await startProxy(`http://${name}:${plain.port}`, { route: stranger });
  t.teardown(careful.stop);
  const refused = await read(await request(careful.url));
  t.match(refused.text, 'BEARERD_EGRESS_PROXY_UNREACHABLE', "insecureSkipVerify is not about the proxy's certificate");

  const chat = await startWebSocketUpstream(
    (socket) => socket.on('message', (data) => socket.send(data)),
    {},
    serverTls,
  );
  t.teardown(chat.close);
  const open = await proxyOf(t);
  const live = { tls, egressProxy: through(open) };
  const upgrading = await startProxy(`https://${name}:${new URL(chat.url).port}`, { route: live });
  t.teardown(upgrading.stop);
  const { socket, message } = await dial(upgrading.port);
  socket.send('hello');
  t.equal((await message(0)).toString(), 'hello');
  t.equal(open.tunnels.size, 1);
  t.equal(chat.handshakes[0]?.headers.authorization, 'Bearer token1');
  socket.terminate();
  open.reaction = { bytes: 'HTTP/1.1 407 No\r\n\r\n' };
  t.equal(await handshakeStatus(dial(upgrading.port)), 502);
});

t.test('loopback is reached directly', async (t) => {
  const upstream = await startUpstream();
  t.teardown(upstream.close);
  const proxy = await proxyOf(t);
  for (const host of ['127.0.0.1', 'localhost']) {
    const route = { egressProxy: through(proxy) };
    const bearerd = await startProxy(`http://${host}:${upstream.port}`, { route });
    t.equal((await read(await request(bearerd.url))).text, 'ok');
    await bearerd.stop();
  }
  t.equal(proxy.connections, 0);
});

const refused = { status: 502, code: 'BEARERD_EGRESS_PROXY_REFUSED', proxyStatus: 'proxy_configuration_error' };
const unreachable = { status: 502, code: 'BEARERD_EGRESS_PROXY_UNREACHABLE', proxyStatus: 'destination_unavailable' };
const timeout = { status: 504, code: 'BEARERD_EGRESS_PROXY_TIMEOUT', proxyStatus: 'connection_timeout' };
const status = (code: number, rest = '') => ({ bytes: `HTTP/1.1 ${code} ${rest || 'Whatever'}\r\n\r\n` });

const failures: Readonly<Record<string, readonly [Reaction, typeof refused, RegExp]>> = {
  '407': [status(407, 'No\r\nProxy-Authenticate: Basic realm="x"'), refused, /407.*user name and password/],
  '403': [status(403), refused, /answered 403/],
  '404 with a page': [status(404, `Not\r\nContent-Length: 9\r\n\r\n<h1>no</h1>`), refused, /answered 404/],
  redirect: [status(302, 'Found\r\nLocation: http://127.0.0.1/'), refused, /answered 302/],
  '100, then 403': [{ bytes: `HTTP/1.1 100 Continue\r\n\r\n${status(403).bytes}` }, refused, /answered 403/],
  '101': [status(101), refused, /answered 101/],
  '100 and silence': [{ bytes: 'HTTP/1.1 100 Continue\r\n\r\n' }, timeout, /within 0\.4 s/],
  '100, then no HTTP': [{ bytes: 'HTTP/1.1 100 Continue\r\n\r\nSSH\r\n\r\n' }, unreachable, /not HTTP/],
  '100s without an end': [{ bytes: 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(3_000) }, unreachable, /not HTTP/],
  '100, 200, bytes of its own': [
    { bytes: 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nx' },
    unreachable,
    /bytes of its own/,
  ],
  '502': [status(502), unreachable, /answered 502/],
  '429': [status(429), unreachable, /answered 429/],
  silent: ['silent', timeout, /within 0\.4 s/],
  dripping: ['drip', timeout, /within 0\.4 s/],
  reset: ['reset', unreachable, /closed the connection before it answered/],
  closed: ['close', unreachable, /closed the connection before it answered/],
  'no HTTP': [{ bytes: 'SSH-2.0-OpenSSH_9.9\r\n' }, unreachable, /not HTTP/],
  'a giant head': [{ bytes: `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n` }, unreachable, /not HTTP/],
  'bytes of its own': [{ bytes: 'HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n' }, unreachable, /bytes of its own/],
};

t.test('a proxy that opens no tunnel is named, with its reason and without its password', async (t) => {
  await Promise.all(
    Object.entries(failures).map(async ([what, [reaction, expected, words]]) => {
      const proxy = await proxyOf(t, reaction);
      const timeouts = { connect: 400, headers: 5_000, idle: 5_000 };
      const route = { tls, timeouts, egressProxy: through(proxy, 'me:my-proxy-password') };
      const bearerd = await startProxy(`https://${name}`, { route });
      t.teardown(bearerd.stop);
      const answer = await read(await request(`${bearerd.url}/x`, { method: 'POST', body: 'b' }));
      isProblem(t, answer, expected, what);
      t.match(answer.text, words, what);
      t.match(answer.text, `The egress proxy ${proxy.url}`, `${what}: the proxy is named`);
      t.notMatch(bearerd.output.text + answer.text, /my-proxy-password|bWU6bXktcHJve/, what);
      t.equal(proxy.connections, 1, `${what}: one try`);
    }),
  );
});

t.test('a proxy that is not there, and one that bearerd cannot use', async (t) => {
  const proxy = await startConnectProxy();
  await proxy.close();
  const gone = await startProxy(`https://${name}`, { route: { egressProxy: through(proxy) } });
  t.teardown(gone.stop);
  const answer = await read(await request(gone.url));
  isProblem(t, answer, unreachable, 'gone');
  t.match(answer.text, /refuses connections/);
  const socks = { url: 'socks5://proxy.test', credentials: undefined, unusable: 'is none that bearerd can use' };
  const route = { egressProxy: { http: socks, https: socks, except: '' } };
  const other = await startProxy(`https://${name}`, { route });
  t.teardown(other.stop);
  isProblem(t, await read(await request(other.url)), refused, 'socks');
});
