import { createHash, randomBytes } from 'node:crypto';
import t from 'tap';
import type { WebSocket } from 'ws';
import { loopback, otherHost } from '../support/certificates.ts';
import { startProxy } from '../support/proxy.ts';
import { eventually } from '../support/tcp.ts';
import { dial, handshakeStatus, startWebSocketUpstream } from '../support/websocket.ts';

const echo = (socket: WebSocket): void => {
  socket.on('message', (data, binary) => socket.send(binary ? data : data.toString()));
};

t.test('the handshake carries the token, the subprotocol is settled end to end (RFC 6455 1.9)', async (t) => {
  const upstream = await startWebSocketUpstream(echo, { handleProtocols: (offered) => [...offered][1] ?? false });
  const proxy = await startProxy(upstream.url);
  const { socket, message, closed } = await dial(proxy.port, '/live?x=%zz', ['chat.v1', 'chat.v2']);
  t.equal(socket.protocol, 'chat.v2');
  t.equal(upstream.handshakes[0]?.url, '/live?x=%zz');
  t.equal(upstream.handshakes[0]?.headers.authorization, 'Bearer token1');
  t.equal(upstream.handshakes[0]?.headers.host, new URL(upstream.url).host);
  socket.send('hello');
  t.equal((await message(0)).toString(), 'hello');
  socket.close(4001, 'enough');
  t.strictSame(await closed, { code: 4001, reason: 'enough' });
  await proxy.stop();
  await upstream.close();
});

t.test('permessage-deflate is negotiated and used end to end (RFC 7692)', async (t) => {
  const upstream = await startWebSocketUpstream(echo, { perMessageDeflate: true });
  const proxy = await startProxy(upstream.url);
  const { socket, message } = await dial(proxy.port, '/ws', [], { perMessageDeflate: true });
  t.match(socket.extensions, /permessage-deflate/);
  const text = 'the same words again and again; '.repeat(5_000);
  socket.send(text);
  t.equal((await message(0)).toString(), text);
  socket.terminate();
  const plain = await dial(proxy.port);
  t.equal(plain.socket.extensions, '', 'not offered, not used');
  plain.socket.terminate();
  await proxy.stop();
  await upstream.close();
});

t.test('messages of 16 MiB both ways, byte for byte; pings and pongs', async (t) => {
  const size = 16 * 1024 * 1024;
  const upstream = await startWebSocketUpstream(echo, { maxPayload: 2 * size });
  const proxy = await startProxy(upstream.url);
  const { socket, message } = await dial(proxy.port, '/ws', [], { maxPayload: 2 * size });
  const sent = randomBytes(size);
  socket.send(sent);
  const back = await message(0);
  t.equal(back.length, size);
  const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  t.equal(sha(back), sha(sent));
  const ponged = new Promise<string>((resolve) => socket.on('pong', (data) => resolve(data.toString())));
  socket.ping('are you there');
  t.equal(await ponged, 'are you there');
  socket.terminate();
  await proxy.stop();
  await upstream.close();
});

t.test('close codes and reasons pass both ways, and what was sent before them arrives', async (t) => {
  const upstream = await startWebSocketUpstream((socket, request) => {
    if (request.url !== '/server-closes') return;
    for (let i = 0; i < 200; i += 1) socket.send(Buffer.alloc(10_000, i));
    socket.close(3999, 'that was all');
  });
  const seen: number[] = [];
  upstream.server.on('connection', (socket) => socket.on('close', (code) => seen.push(code)));
  const proxy = await startProxy(upstream.url);
  const fromServer = await dial(proxy.port, '/server-closes');
  t.strictSame(await fromServer.closed, { code: 3999, reason: 'that was all' });
  t.equal(fromServer.messages.length, 200);
  const fromClient = await dial(proxy.port);
  fromClient.socket.close(1001, 'bye');
  await fromClient.closed;
  await eventually(() => seen.includes(1001), 'the upstream sees the close code of the client');
  const abrupt = await dial(proxy.port);
  abrupt.socket.terminate();
  await eventually(() => seen.includes(1006), 'a client that is gone without a word is gone at the upstream too');
  await proxy.stop();
  await upstream.close();
});

t.test('a refused handshake reaches the client as its status, its challenge unchanged', async (t) => {
  const refusals: Record<string, [number, Record<string, string>]> = {
    '/403': [403, {}],
    '/401': [401, { 'WWW-Authenticate': 'Custom realm="x"' }],
    '/429': [429, { 'Retry-After': '7' }],
    '/503': [503, {}],
  };
  const upstream = await startWebSocketUpstream(echo, {
    verifyClient: ({ req }, done) => {
      const [status, headers] = refusals[req.url ?? ''] ?? [200, {}];
      done(status === 200, status, 'no', headers);
    },
  });
  const proxy = await startProxy(upstream.url);
  for (const path of Object.keys(refusals)) {
    t.equal(await handshakeStatus(dial(proxy.port, path)), Number(path.slice(1)), path);
  }
  t.equal(await handshakeStatus(dial(proxy.port, '/ok')), 101);
  t.equal(proxy.tokens.count, 1, 'none of them was about the token');
  await proxy.stop();
  await upstream.close();
});

t.test('a handshake 401 goes through the 401 table: M7 refreshes and repeats once, M2b ends', async (t) => {
  const tokens: string[] = [];
  let good = 'Bearer token2';
  const upstream = await startWebSocketUpstream(echo, {
    verifyClient: ({ req }, done) => {
      tokens.push(req.headers.authorization ?? '');
      const known = req.headers.authorization === good;
      done(known, 401, 'no', { 'WWW-Authenticate': 'Bearer error="invalid_token"' });
    },
  });
  const proxy = await startProxy(upstream.url);
  const { socket, message } = await dial(proxy.port);
  socket.send('after the refresh');
  t.equal((await message(0)).toString(), 'after the refresh');
  t.strictSame(tokens, ['Bearer token1', 'Bearer token2']);
  t.equal(proxy.tokens.count, 2);
  socket.terminate();
  good = 'Bearer never';
  t.equal(await handshakeStatus(dial(proxy.port)), 502, 'M2b: explained by bearerd, never a 401');
  t.equal(tokens.length, 4, 'two attempts, no more');
  await proxy.stop();
  await upstream.close();
});

t.test(
  'the guard comes first: foreign Host, Origin and Sec-Fetch-Site cost no token and no upstream (threat 4)',
  async (t) => {
    const upstream = await startWebSocketUpstream(echo);
    const proxy = await startProxy(upstream.url, {
      config: { guard: { allowedHosts: ['127.0.0.1'], allowedOrigins: ['https://app.example'] } },
    });
    const refused: readonly (readonly [Record<string, string>, number])[] = [
      [{ Origin: 'https://evil.example' }, 403],
      [{ Origin: 'null' }, 403],
      [{ 'Sec-Fetch-Site': 'cross-site' }, 403],
      [{ 'Sec-Fetch-Site': 'same-site' }, 403],
      [{ Host: 'evil.example' }, 421],
    ];
    for (const [headers, status] of refused) {
      t.equal(await handshakeStatus(dial(proxy.port, '/ws', [], { headers })), status, JSON.stringify(headers));
    }
    t.equal(upstream.handshakes.length, 0);
    t.equal(proxy.tokens.count, 0);
    t.equal(await handshakeStatus(dial(proxy.port, '/ws', [], { headers: { Origin: 'https://app.example' } })), 101);
    await proxy.stop();
    await upstream.close();
  },
);

t.test('a wss upstream: its own authority is trusted, a certificate for another name is a 502', async (t) => {
  const upstream = await startWebSocketUpstream(echo, {}, loopback);
  const proxy = await startProxy(upstream.url, { route: { tls: { ca: [loopback.cert] } } });
  const { socket, message } = await dial(proxy.port);
  socket.send('over TLS');
  t.equal((await message(0)).toString(), 'over TLS');
  socket.terminate();
  await proxy.stop();

  const untrusting = await startProxy(upstream.url);
  t.equal(await handshakeStatus(dial(untrusting.port)), 502);
  await untrusting.stop();

  const misnamed = await startWebSocketUpstream(echo, {}, otherHost);
  const misled = await startProxy(misnamed.url, { route: { tls: { ca: [otherHost.cert] } } });
  t.equal(await handshakeStatus(dial(misled.port)), 502);
  t.equal(misnamed.handshakes.length, 0, 'no token was shown to it');
  await misled.stop();
  await Promise.all([upstream.close(), misnamed.close()]);
});
