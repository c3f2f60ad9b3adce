import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import t from 'tap';
import { UpstreamPool } from '../../src/net/upstream-pool.ts';
import { ReplayableBody } from '../../src/upstream/replayable-body.ts';
import { type Caller, newExchange, type UpstreamRequest } from '../../src/upstream/round-trip.ts';
import { transport } from '../../src/upstream/transport.ts';
import { onHead, startTcp } from '../support/tcp.ts';

const settings = {
  connectTimeoutMs: 5_000,
  headersTimeoutMs: 5_000,
  idleTimeoutMs: 5_000,
  connections: 1,
  queue: 10,
  http2: false,
};

function asked(caller: Caller, body?: ReplayableBody): UpstreamRequest {
  const exchange = newExchange();
  return {
    method: 'GET',
    target: '/',
    headers: [],
    body,
    upgrade: false,
    caller,
    exchange,
    hasOwnAuthorization: false,
    onInformation: undefined,
  };
}

t.test('an exchange that is over has nothing to do with its connection any more', async (t) => {
  const upstream = await startTcp((socket) =>
    onHead(socket, () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')),
  );
  const pool = new UpstreamPool(upstream.url, settings);
  const send = transport(pool);
  const caller: Caller = { gone: false, onGone: undefined };
  const first = send(asked(caller));
  const gone = caller.onGone;
  const { body } = await first;
  t.equal(await body.holdWhole(5_000), true);
  t.equal(pool.pending, 0);
  // each of them late: the connection may carry somebody else's request by now
  const second = send(asked({ gone: false, onGone: undefined }));
  gone?.();
  body.resume();
  const pieces: string[] = [];
  body.attach({ write: (piece) => pieces.push(String(piece)) < 0, end: () => pieces.push('end'), fail: t.fail });
  t.strictSame(pieces, ['ok', 'end']);
  t.equal((await second).status, 200);
  t.equal(pool.pending, 0);
  t.equal(upstream.connections, 1, 'on the same connection');
  pool.close();
  await upstream.close();
});

t.test('a body that cannot be sent from its first byte fails its request alone', async (t) => {
  const upstream = await startTcp((socket) =>
    onHead(socket, () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')),
  );
  const pool = new UpstreamPool(upstream.url, settings);
  const send = transport(pool);
  const body = new ReplayableBody(new IncomingMessage(new Socket()), 10, undefined);
  body.abandon();
  await t.rejects(send(asked({ gone: false, onGone: undefined }, body)), { code: 'BEARERD_UPSTREAM_TERMINATED' });
  t.equal(pool.pending, 0);
  t.equal((await send(asked({ gone: false, onGone: undefined }))).status, 200);
  pool.close();
  await upstream.close();
});

t.test('a client that leaves while its connection is opened, and then once more', async (t) => {
  const upstream = await startTcp((socket) => socket.resume());
  const pool = new UpstreamPool(upstream.url, settings);
  const caller: Caller = { gone: false, onGone: undefined };
  const sent = transport(pool)(asked(caller));
  const gone = caller.onGone;
  gone?.();
  gone?.();
  await t.rejects(sent, { code: 'BEARERD_UPSTREAM_TERMINATED' });
  t.equal(pool.pending, 0, 'its place was given back once');
  pool.close();
  await upstream.close();
});
