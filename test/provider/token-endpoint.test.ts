import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { inspect } from 'node:util';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import t from 'tap';
import { clientCredentials } from '../../src/provider/client-credentials.ts';
import type { TokenProvider } from '../../src/token/provider.ts';
import { certificate, privateKey } from './loopback-certificate.ts';
import { goodToken, make, obtain, refused, startEndpoint, testContext } from './support.ts';
import { bodyOf, byId, vectors } from './vectors.ts';

function provider(url: string, more: Readonly<Record<string, unknown>> = {}): TokenProvider {
  return make(clientCredentials, { tokenEndpoint: url, clientId: 'id', clientSecret: 'hunter2hunter2', ...more });
}

const good = Buffer.from('{"access_token":"tok-1","expires_in":60}');
const encodings: readonly (readonly [string, Buffer])[] = [
  ['gzip', gzipSync(good)],
  ['GZIP', gzipSync(good)],
  ['x-gzip', gzipSync(good)],
  ['br', brotliCompressSync(good)],
  ['deflate', deflateSync(good)],
  ['deflate', deflateRawSync(good)],
  ['identity', good],
  ['gzip, br', brotliCompressSync(gzipSync(good))],
];
for (const [encoding, body] of encodings) {
  t.test(`wire facts 4.2: an answer in ${encoding} is decoded`, async (t) => {
    const endpoint = await startEndpoint(t, (response) => response.setHeader('content-encoding', encoding).end(body));
    t.equal((await obtain(provider(endpoint.url))).value, 'tok-1');
  });
}

t.test('T49: gzip, as the vector has it', async (t) => {
  const vector = byId(vectors.token_responses, 'T49');
  const endpoint = await startEndpoint(t, (response) =>
    response.writeHead(200, vector.given.headers).end(bodyOf(vector)),
  );
  t.equal((await obtain(provider(endpoint.url))).lifetimeMs, 60_000);
});

t.test('T50: a byte order mark', async (t) => {
  const endpoint = await startEndpoint(t, (response) => response.end(`\ufeff${good.toString()}`));
  t.equal((await obtain(provider(endpoint.url))).value, 'tok-1');
});

const megabyte = 1_048_576;
const unreadable: readonly (readonly [string, Buffer, Readonly<Record<string, string>>, RegExp])[] = [
  ['10 MB', Buffer.alloc(10 * megabyte, 0x20), {}, /longer than 1048576 bytes/],
  [
    'one byte more than 1 MiB',
    Buffer.concat([good, Buffer.alloc(megabyte - good.length + 1, 0x20)]),
    {},
    /longer than/,
  ],
  ['a gzip bomb', gzipSync(Buffer.alloc(50 * megabyte, 0x20)), { 'content-encoding': 'gzip' }, /longer than/],
  ['a brotli bomb', brotliCompressSync(Buffer.alloc(20 * megabyte, 0x20)), { 'content-encoding': 'br' }, /longer than/],
  ['truncated gzip', gzipSync(good).subarray(0, 30), { 'content-encoding': 'gzip' }, /not valid gzip/],
  ['an unknown encoding', good, { 'content-encoding': 'zstd' }, /unknown content encoding zstd/],
  ['empty deflate', Buffer.alloc(0), { 'content-encoding': 'deflate' }, /body is empty|not valid deflate/],
  ['empty gzip', Buffer.alloc(0), { 'content-encoding': 'gzip' }, /body is empty|not valid gzip/],
];
for (const [title, body, headers, expected] of unreadable) {
  t.test(`a 2xx that cannot be read is transient: ${title}`, async (t) => {
    const endpoint = await startEndpoint(t, (response) => response.writeHead(200, headers).end(body));
    const error = await refused(provider(endpoint.url));
    t.equal(error.failure.kind, 'transient');
    t.equal(error.failure.reason, 'invalid_token_response');
    t.match(error.message, expected);
    t.equal(error.code, 'BEARERD_TOKEN_UNAVAILABLE');
  });
}

t.test('exactly 1 MiB is read', async (t) => {
  const body = Buffer.concat([good, Buffer.alloc(megabyte - good.length, 0x20)]);
  const endpoint = await startEndpoint(t, (response) => response.end(body));
  t.equal((await obtain(provider(endpoint.url))).value, 'tok-1');
});

t.test('a refusal with a 10 MB page is still that refusal', async (t) => {
  const endpoint = await startEndpoint(t, (response) => response.writeHead(403).end(Buffer.alloc(10 * megabyte, 0x61)));
  const error = await refused(provider(endpoint.url));
  t.equal(error.failure.reason, 'http_403');
  t.equal(error.failure.kind, 'permanent');
});

for (const status of [301, 302, 303, 307, 308]) {
  t.test(`T70, T71: a ${status} to another port gets no request there`, async (t) => {
    const other = await startEndpoint(t);
    const endpoint = await startEndpoint(t, (response) => response.writeHead(status, { location: other.url }).end());
    const error = await refused(provider(endpoint.url, { clientAuthentication: 'client_secret_post' }));
    t.equal(error.failure.reason, 'unexpected_redirect');
    t.equal(error.failure.kind, 'permanent');
    t.equal(other.seen.length, 0);
    t.equal(endpoint.seen.length, 1);
  });
}

t.test('the total time-out ends an endpoint that never answers', async (t) => {
  const endpoint = await startEndpoint(t, () => undefined);
  const error = await refused(provider(endpoint.url, { timeout: '80ms' }));
  t.equal(error.failure.reason, 'timeout');
  t.equal(error.failure.kind, 'transient');
  t.equal(error.message, `POST ${endpoint.url} was not answered within 0.08 s.`);
});

t.test('the total time-out also ends a body that trickles', async (t) => {
  const endpoint = await startEndpoint(t, (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const drip = setInterval(() => response.write(' '), 10);
    response.on('close', () => clearInterval(drip));
  });
  const before = performance.now();
  t.equal((await refused(provider(endpoint.url, { timeout: '120ms' }))).failure.reason, 'timeout');
  t.ok(performance.now() - before < 2000);
});

t.test('a connection that is accepted and never read runs into the time-out', async (t) => {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const sockets: { destroy: () => void }[] = [];
  server.on('connection', (socket) => sockets.push(socket));
  t.teardown(() =>
    sockets.forEach((socket) => {
      socket.destroy();
    }),
  );
  // A server that listens on TCP has such an address.
  const { port } = server.address() as AddressInfo;
  t.equal((await refused(provider(`http://127.0.0.1:${port}/token`, { timeout: '80ms' }))).failure.reason, 'timeout');
});

t.test('an aborted request ends at once', async (t) => {
  const stop = new AbortController();
  const endpoint = await startEndpoint(t, () => stop.abort());
  t.equal((await refused(provider(endpoint.url), stop.signal)).failure.reason, 'aborted');
  t.equal((await refused(provider(endpoint.url), stop.signal)).failure.reason, 'aborted');
  t.equal(endpoint.seen.length, 1, 'the second one is never sent');
});

t.test('a reset in the middle of the body is transient', async (t) => {
  const endpoint = await startEndpoint(t, (response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('{"access_token":"a"');
    setImmediate(() => response.socket?.resetAndDestroy());
  });
  const error = await refused(provider(endpoint.url));
  t.equal(error.failure.reason, 'unreachable');
  t.equal(error.failure.kind, 'transient');
  t.match(error.message, /closed the connection before its answer was complete/);
});

t.test('a close before the answer is transient', async (t) => {
  const endpoint = await startEndpoint(t, (response) => response.socket?.destroy());
  t.equal((await refused(provider(endpoint.url))).failure.reason, 'unreachable');
});

t.test('a chunked body that is cut off is no token', async (t) => {
  const endpoint = await startEndpoint(t, (response) => {
    response.write(good);
    setImmediate(() => response.socket?.destroy());
  });
  t.equal((await refused(provider(endpoint.url))).failure.reason, 'unreachable');
});

t.test('a server that does not speak HTTP', async (t) => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.end('220 smtp.example hunter3\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  // A server that listens on TCP has such an address.
  const { port } = server.address() as AddressInfo;
  const error = await refused(provider(`http://127.0.0.1:${port}/token`));
  t.equal(error.failure.kind, 'transient');
  t.match(error.message, 'answered with something that is not HTTP.');
  t.match(error.occurrence.action, /plain HTTP/);
  t.notMatch(inspect(error, { depth: 9 }), 'hunter3', 'what it sent may hold a token');
});

t.test('a refused connection and an unknown host say what to check', async (t) => {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A server that listens on TCP has such an address.
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const error = await refused(provider(`http://127.0.0.1:${port}/token?client_id=in-the-query`));
  t.equal(error.message, `POST http://127.0.0.1:${port}/token refused the connection.`);
  t.equal(error.failure.kind, 'transient');
  t.match(error.occurrence.action, /host and port/);
});

t.test('certificates are verified; tls.ca adds an authority', async (t) => {
  let requests = 0;
  const server = createSecureServer({ cert: certificate, key: privateKey }, (request, response) => {
    requests += 1;
    request.resume();
    goodToken(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  // A server that listens on TCP has such an address.
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
  const error = await refused(provider(url));
  t.equal(error.failure.reason, 'unreachable');
  t.match(error.message, /certificate that is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)/);
  t.match(error.occurrence.action, /tls\.ca/);
  t.equal(requests, 0, 'the secret never left');
  t.equal((await obtain(provider(url, { tls: { ca: [certificate] } }))).value, 'tok-1');
  const name = await refused(provider(url.replace('127.0.0.1', '127.0.0.2'), { tls: { ca: [certificate] } }));
  t.equal(name.failure.reason, 'unreachable');
});

t.test('TLS to a plain port', async (t) => {
  const endpoint = await startEndpoint(t);
  const error = await refused(provider(endpoint.url.replace('http:', 'https:')));
  t.equal(error.failure.reason, 'unreachable');
  t.match(error.occurrence.action, /speaks TLS/);
});

t.test('close() ends the connections, and a later request opens new ones', async (t) => {
  const endpoint = await startEndpoint(t);
  const one = provider(endpoint.url);
  await one.close?.();
  await obtain(one);
  await one.close?.();
  await one.close?.();
  t.equal((await obtain(one)).value, 'tok-1');
});

t.test('close() ends a request in flight', async (t) => {
  const one = { close: async (): Promise<void> => undefined };
  const endpoint = await startEndpoint(t, () => void one.close());
  const made = provider(endpoint.url);
  one.close = async () => made.close?.();
  t.equal((await refused(made)).failure.reason, 'aborted');
});

t.test('the life counts from the start of the request, by the injected clock', async (t) => {
  let nowMs = 1_700_000_000_000;
  const endpoint = await startEndpoint(t, (response) => {
    nowMs += 5000;
    goodToken(response);
  });
  const context = testContext({ clock: { nowMs: () => nowMs, monotonicMs: () => 0 } });
  const token = await obtain(
    make(clientCredentials, { tokenEndpoint: endpoint.url, clientId: 'id', clientSecret: 's' }, context),
  );
  t.equal(token.requestedAtMs, 1_700_000_000_000);
});

t.test('a token request asks for its connection to be closed: a POST on a dead kept one would be lost', async (t) => {
  const endpoint = await startEndpoint(t);
  await obtain(provider(endpoint.url));
  t.equal(endpoint.last().headers.connection, 'close');
});

t.test('RFC 9110 §5.3: two Content-Encoding fields are one list', async (t) => {
  const endpoint = await startEndpoint(t, (response) => {
    response.setHeader('content-encoding', ['gzip', 'br']).end(brotliCompressSync(gzipSync(good)));
  });
  t.equal((await obtain(provider(endpoint.url))).value, 'tok-1');
});
