import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import t from 'tap';
import { request } from 'undici';
import { ProtocolError } from '../../src/net/http1/protocol-error.ts';
import { upstreamError } from '../../src/upstream/upstream-error.ts';
import { loopback, otherHost } from '../support/certificates.ts';
import { isProblem, read } from '../support/problem.ts';
import { defaultRoute, startProxy } from '../support/proxy.ts';
import { eventually, onHead, sleep, startTcp } from '../support/tcp.ts';
import { startUpstream } from '../support/upstream.ts';

t.test('a certificate that is not trusted: no request arrives, so no token either', async (t) => {
  let heard = 0;
  const upstream = await startTcp((socket) => socket.on('data', () => (heard += 1)), loopback);
  const proxy = await startProxy(upstream.url);
  const answer = await read(await request(proxy.url, { method: 'POST', body: 'secret' }));
  const expected = { status: 502, code: 'BEARERD_UPSTREAM_CERTIFICATE', proxyStatus: 'tls_certificate_error' };
  isProblem(t, answer, expected, 'self-signed');
  t.match(JSON.parse(answer.text), { detail: /self-signed/i, action: /tls\.ca/, retryable: false });
  t.equal(heard, 0);
  await proxy.stop();
  await upstream.close();
});

t.test('a certificate for another host name is refused even if its issuer is trusted', async (t) => {
  let heard = 0;
  const upstream = await startTcp((socket) => socket.on('data', () => (heard += 1)), otherHost);
  const proxy = await startProxy(upstream.url, { route: { tls: { ca: [otherHost.cert] } } });
  const answer = await read(await request(proxy.url));
  const expected = { status: 502, code: 'BEARERD_UPSTREAM_CERTIFICATE', proxyStatus: 'tls_certificate_error' };
  isProblem(t, answer, expected, 'wrong name');
  t.match(JSON.parse(answer.text)['detail'], /127\.0\.0\.1/);
  t.equal(heard, 0);
  await proxy.stop();
  await upstream.close();
});

t.test('a certificate from the configured authority is trusted', async (t) => {
  const upstream = await startTcp(
    (socket) => onHead(socket, () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')),
    loopback,
  );
  const proxy = await startProxy(upstream.url, { route: { tls: { ca: [loopback.cert] } } });
  t.match(await read(await request(proxy.url)), { status: 200, text: 'ok' });
  await proxy.stop();
  await upstream.close();
});

t.test('TLS spoken to a plain port, and the other way round', async (t) => {
  const plain = await startUpstream();
  let proxy = await startProxy(plain.url.replace('http:', 'https:'));
  const tls = { status: 502, code: 'BEARERD_UPSTREAM_TLS', proxyStatus: 'tls_protocol_error' };
  isProblem(t, await read(await request(proxy.url)), tls, 'TLS to a plain port');
  t.equal(plain.seen.length, 0);
  await proxy.stop();
  await plain.close();
  const secure = await startTcp(() => {}, loopback);
  proxy = await startProxy(secure.url.replace('https:', 'http:'));
  const answer = await read(await request(proxy.url));
  t.equal(answer.status, 502);
  t.match(JSON.parse(answer.text)['code'], /BEARERD_UPSTREAM_(PROTOCOL|TERMINATED)/);
  await proxy.stop();
  await secure.close();
});

t.test('a peer that accepts and says nothing during the TLS handshake is a connect time-out', async (t) => {
  const upstream = await startTcp(() => {});
  const proxy = await startProxy(upstream.url.replace('http:', 'https:'), {
    route: { timeouts: { ...defaultRoute.timeouts, connect: 200 } },
  });
  const expected = { status: 504, code: 'BEARERD_UPSTREAM_CONNECT_TIMEOUT', proxyStatus: 'connection_timeout' };
  isProblem(t, await read(await request(proxy.url)), expected, 'silent handshake');
  await proxy.stop();
  await upstream.close();
});

t.test('a refused connection', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const proxy = await startProxy(`http://127.0.0.1:${port}`);
  const expected = { status: 502, code: 'BEARERD_UPSTREAM_REFUSED', proxyStatus: 'connection_refused' };
  isProblem(t, await read(await request(proxy.url)), expected, 'refused');
  t.equal(proxy.tokens.count, 1);
  await proxy.stop();
});

t.test('a name that has no address', async (t) => {
  const proxy = await startProxy('http://no-such-host.invalid');
  const expected = { status: 502, code: 'BEARERD_UPSTREAM_DNS', proxyStatus: 'dns_error' };
  isProblem(t, await read(await request(proxy.url)), expected, 'DNS');
  await proxy.stop();
});

t.test('a connection that is never established is a 504 within the time-out', async (t) => {
  // a process that never accepts: once its queue is full, the kernel drops what else comes
  const script = `const s = require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    require('fs').writeSync(1, String(s.address().port));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20000);
  });`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(text);
  const fillers: Socket[] = [];
  for (let i = 0; i < 4; i += 1) fillers.push(connect(port, '127.0.0.1').on('error', () => {}));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const proxy = await startProxy(`http://127.0.0.1:${port}`, {
    route: { timeouts: { ...defaultRoute.timeouts, connect: 300 } },
  });
  const startedMs = performance.now();
  const answer = await read(await request(proxy.url));
  const expected = { status: 504, code: 'BEARERD_UPSTREAM_CONNECT_TIMEOUT', proxyStatus: 'connection_timeout' };
  isProblem(t, answer, expected, 'connect time-out');
  t.ok(performance.now() - startedMs < 10_000, 'in time');
  await proxy.stop();
  for (const socket of fillers) socket.destroy();
  child.kill('SIGKILL');
});

t.test('an upstream that does not answer in time is a 504 and its connection is closed', async (t) => {
  const upstream = await startTcp((socket) => socket.resume());
  const proxy = await startProxy(upstream.url, { route: { timeouts: { connect: 1_000, headers: 500, idle: 500 } } });
  const answer = await read(await request(proxy.url));
  const expected = { status: 504, code: 'BEARERD_UPSTREAM_RESPONSE_TIMEOUT', proxyStatus: 'http_response_timeout' };
  isProblem(t, answer, expected, 'response time-out');
  t.equal(upstream.connections, 1, 'asked once');
  await eventually(() => upstream.sockets.size === 0, 'the connection is closed');
  await sleep(50);
  t.equal(upstream.connections, 1, 'and none is made that nobody needs');
  await proxy.stop();
  await upstream.close();
});

t.test('a time-out on a kept connection is not repeated', async (t) => {
  let requests = 0;
  const upstream = await startTcp((socket) =>
    onHead(socket, () => {
      requests += 1;
      if (requests === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    }),
  );
  const proxy = await startProxy(upstream.url, { route: { timeouts: { connect: 1_000, headers: 500, idle: 500 } } });
  await read(await request(proxy.url));
  t.equal((await read(await request(proxy.url))).status, 504);
  t.equal(requests, 2);
  await proxy.stop();
  await upstream.close();
});

t.test('a body that stops coming ends as an aborted answer after the idle time-out', async (t) => {
  const upstream = await startTcp((socket) =>
    onHead(socket, () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')),
  );
  const proxy = await startProxy(upstream.url, { route: { timeouts: { connect: 1_000, headers: 500, idle: 500 } } });
  const answer = await request(proxy.url);
  t.equal(answer.statusCode, 200);
  await t.rejects(answer.body.text());
  await proxy.stop();
  await upstream.close();
});

t.test('each way to fail has its code', async (t) => {
  const coded = (code: string) => Object.assign(new Error(`what ${code} says`), { code });
  const cases: readonly [Error, string][] = [
    [coded('EHOSTUNREACH'), 'BEARERD_UPSTREAM_UNREACHABLE'],
    [coded('ENETUNREACH'), 'BEARERD_UPSTREAM_UNREACHABLE'],
    [coded('EAI_AGAIN'), 'BEARERD_UPSTREAM_DNS'],
    [coded('ETIMEDOUT'), 'BEARERD_UPSTREAM_CONNECT_TIMEOUT'],
    [coded('CERT_HAS_EXPIRED'), 'BEARERD_UPSTREAM_CERTIFICATE'],
    [coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'BEARERD_UPSTREAM_CERTIFICATE'],
    [coded('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'), 'BEARERD_UPSTREAM_TLS'],
    [coded('EPROTO'), 'BEARERD_UPSTREAM_TLS'],
    [coded('ECONNRESET'), 'BEARERD_UPSTREAM_TERMINATED'],
    [coded('EPIPE'), 'BEARERD_UPSTREAM_TERMINATED'],
    [new ProtocolError('bad status line'), 'BEARERD_UPSTREAM_PROTOCOL'],
    [new Error(''), 'BEARERD_UPSTREAM_TERMINATED'],
    [new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')]), 'BEARERD_UPSTREAM_REFUSED'],
    [new Error('not connected', { cause: coded('ENOTFOUND') }), 'BEARERD_UPSTREAM_DNS'],
  ];
  for (const [error, code] of cases) {
    const told = upstreamError(error, 'https://api.example', false);
    t.equal(told.code, code, error.message);
    t.match(told.message, /^https:\/\/api\.example: .+/);
    t.equal(told.occurrence.cause, error, 'the cause is kept');
  }
  const noisy = upstreamError(new Error(`line\r\nbreak\u0000${'x'.repeat(500)}`), 'https://api.example', false).message;
  t.notMatch(noisy, /[^\x20-\x7e]/);
  t.ok(noisy.length < 260);
});
