import { Readable } from 'node:stream';
import t from 'tap';
import { eventually, onHead, sleep, startTcp } from '../../support/tcp.ts';
import { exchange, startAsked } from './asked.ts';
import { connectionsTo, RecordedCall, turns } from './calls.ts';

t.test('one request at a time on a connection, no more connections than allowed, in the order of asking', async (t) => {
  const upstream = await startAsked();
  const connections = connectionsTo(upstream.url, 2);
  const calls = ['/0', '/1', '/2', '/3', '/4'].map((path) => new RecordedCall(path));
  for (const call of calls) connections.send(call);
  for (const n of [0, 1, 2, 3, 4]) {
    await upstream.arrived(Math.min(5, n + 2));
    await turns();
    t.equal(upstream.asked.length, Math.min(5, n + 2), `${n} are answered`);
    const { path, answer } = upstream.request(n);
    answer();
    // the first two come over connections of their own, in either order
    await calls.find(({ target }) => target === path)?.over;
  }
  t.strictSame(
    upstream.asked.map(({ path }) => path).sort(),
    calls.map(({ target }) => target),
  );
  t.strictSame(
    upstream.asked.slice(2).map(({ path }) => path),
    ['/2', '/3', '/4'],
  );
  for (const call of calls) t.strictSame(call.events.slice(1), ['answered 200', call.target, 'ended']);
  t.equal(upstream.server.connections, 2);
  connections.close();
  await upstream.close();
});

t.test('the connection that was released last is used first', async (t) => {
  const upstream = await startAsked();
  const connections = connectionsTo(upstream.url, 3);
  const calls = ['/0', '/1', '/2'].map((path) => new RecordedCall(path));
  for (const call of calls) connections.send(call);
  await upstream.arrived(3);
  for (const n of [0, 2, 1]) {
    const { path, answer } = upstream.request(n);
    answer();
    await calls.find(({ target }) => target === path)?.over;
  }
  await turns();
  const call = new RecordedCall('/again');
  t.equal(await exchange(upstream, connections, call), upstream.request(1).nth);
  t.equal(call.events[0], 'begun reused');
  connections.close();
  await upstream.close();
});

t.test(
  'between two requests on a connection the event loop has looked at it; none is opened for that time',
  async (t) => {
    const upstream = await startAsked();
    const connections = connectionsTo(upstream.url, 2);
    let looked = false;
    let lookedBefore: boolean | undefined;
    const begun = () => {
      lookedBefore = looked;
    };
    const second = new RecordedCall('/second', { on: { begun } });
    const ended = () => {
      connections.send(second);
      setImmediate(() => {
        looked = true;
      });
    };
    connections.send(new RecordedCall('/first', { on: { ended } }));
    await upstream.arrived(1);
    upstream.request(0).answer();
    await upstream.arrived(2);
    t.equal(lookedBefore, true);
    upstream.request(1).answer();
    t.equal(await second.over, 'ended');
    t.equal(upstream.server.connections, 1);
    connections.close();
    await upstream.close();
  },
);

t.test('what nobody has asked for answers nobody', async (t) => {
  const upstream = await startAsked();
  for (const how of ['in the same piece', 'at once', 'while it is idle'] as const) {
    const connections = connectionsTo(upstream.url, 1);
    const evil = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil';
    const [first, second] = [new RecordedCall('/first'), new RecordedCall('/second')];
    const before = upstream.asked.length;
    connections.send(first);
    if (how === 'at once') connections.send(second);
    await upstream.arrived(before + 1);
    const { nth, answer, socket } = upstream.request(before);
    answer('', how === 'in the same piece' ? evil : '');
    if (how === 'at once') socket.write(evil);
    t.equal(await first.over, 'ended', how);
    if (how === 'while it is idle') socket.write(evil);
    if (how !== 'at once') {
      await eventually(() => socket.destroyed, 'the connection is closed');
      connections.send(second);
    }
    await upstream.arrived(before + 2);
    t.not(upstream.request(before + 1).nth, nth, `${how}: a new connection`);
    upstream.request(before + 1).answer();
    await second.over;
    t.strictSame(second.events, ['begun new', 'answered 200', '/second', 'ended'], how);
    connections.close();
  }
  await upstream.close();
});

t.test('connections that the upstream ends while they are idle are not used', async (t) => {
  const upstream = await startAsked();
  for (const end of ['end', 'resetAndDestroy'] as const) {
    const connections = connectionsTo(upstream.url, 1);
    const nth = await exchange(upstream, connections, new RecordedCall('/first'));
    const { socket } = upstream.request(upstream.asked.length - 1);
    socket[end]();
    await eventually(() => socket.destroyed, 'the connection is closed on both sides');
    // a reset closes it here at once, and has to come there
    await sleep(20);
    await turns();
    const call = new RecordedCall('/second');
    t.not(await exchange(upstream, connections, call), nth, end);
    t.equal(call.events[0], 'begun new');
    connections.close();
  }
  await upstream.close();
});

t.test('requests after which a connection is closed: what they end with is not sure to everybody', async (t) => {
  const upstream = await startTcp((socket, nth) => {
    // a server that takes no body, as many take none of a GET
    onHead(socket, () => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${nth}`));
  });
  const openBody = () => Readable.from([Buffer.from('a')]);
  const fields = ['Content-Length', '1'];
  for (const [kept, what, options] of [
    [true, 'a GET', {}],
    [true, 'a DELETE', { method: 'DELETE' }],
    [true, 'a POST', { method: 'POST', fields, openBody }],
    [true, 'a PUT', { method: 'PUT', fields, openBody }],
    [true, 'a PATCH', { method: 'PATCH', fields, openBody }],
    [false, 'a GET with a body', { fields, openBody }],
    [false, 'a DELETE with a body', { method: 'DELETE', fields, openBody }],
    [false, 'an OPTIONS with a body', { method: 'OPTIONS', fields, openBody }],
    [false, 'a body of a method that nobody knows', { method: 'BREW', fields, openBody }],
    [false, 'a WebSocket that is refused', { upgrade: true }],
  ] as const) {
    const connections = connectionsTo(upstream.url, 1);
    const [first, second] = [new RecordedCall('/first', options), new RecordedCall('/second')];
    connections.send(first);
    t.equal(await first.over, 'ended', what);
    connections.send(second);
    t.equal(await second.over, 'ended', what);
    t.equal(second.events[0], kept ? 'begun reused' : 'begun new', what);
    connections.close();
  }
  await upstream.close();
});

t.test('a connection that is old takes no further request, however busy it is', async (t) => {
  const upstream = await startAsked();
  const connections = connectionsTo(upstream.url, 1, 300);
  const first = await exchange(upstream, connections, new RecordedCall('/first'));
  t.equal(await exchange(upstream, connections, new RecordedCall('/second')), first);
  const last = new RecordedCall('/last');
  connections.send(last);
  await upstream.arrived(3);
  await sleep(350);
  t.equal(upstream.request(2).nth, first);
  upstream.request(2).answer('Keep-Alive: timeout=600\r\n');
  t.equal(await last.over, 'ended', 'what it carries comes to its end');
  t.not(await exchange(upstream, connections, new RecordedCall('/next')), first);
  connections.close();
  await upstream.close();
});

t.test('answers after which a connection is closed', async (t) => {
  const upstream = await startAsked();
  for (const [what, method, fields, behind] of [
    ['Connection: close', 'GET', 'Connection: close\r\n', ''],
    ['HEAD', 'HEAD', '', ''],
    ['a Keep-Alive of two seconds', 'GET', 'Keep-Alive: timeout=2\r\n', ''],
    ['bytes behind the end', 'GET', '', 'x'],
  ] as const) {
    const connections = connectionsTo(upstream.url, 1);
    const first = await exchange(upstream, connections, new RecordedCall('/first', { method }), fields, behind);
    const { socket } = upstream.request(upstream.asked.length - 1);
    t.not(await exchange(upstream, connections, new RecordedCall('/second')), first, what);
    await eventually(() => socket.destroyed, `${what}: the connection is closed`);
    connections.close();
  }
  await upstream.close();
});

t.test('idle connections are closed before the upstream closes them', async (t) => {
  const upstream = await startAsked();
  const { now } = performance;
  const { setTimeout } = globalThis;
  // a look at the idle ones every 5 ms in place of 500
  const sooner = (work: () => void, delayMs: number) => setTimeout(work, delayMs === 500 ? 5 : delayMs);
  globalThis.setTimeout = Object.assign(sooner, setTimeout);
  t.teardown(() => {
    Object.assign(globalThis, { setTimeout });
    performance.now = now;
  });
  for (const [fields, idleMs] of [
    ['', 4_000],
    ['Keep-Alive: timeout=3\r\n', 1_000],
    ['Keep-Alive: timeout=5, max=9\r\n', 3_000],
    ['Keep-Alive: timeout=999999\r\n', 600_000],
  ] as const) {
    const connections = connectionsTo(upstream.url, 2);
    const frozenMs = now.call(performance);
    performance.now = () => frozenMs;
    await exchange(upstream, connections, new RecordedCall('/a'), fields);
    const { socket } = upstream.request(upstream.asked.length - 1);
    let looks = 0;
    performance.now = () => {
      looks += 1;
      return frozenMs + idleMs - 1;
    };
    await eventually(() => looks > 3, 'it has been looked at');
    await turns();
    t.equal(socket.destroyed, false, `${fields}: a millisecond before`);
    performance.now = () => frozenMs + idleMs;
    await eventually(() => socket.destroyed, 'it is closed then');
    performance.now = now;
    connections.close();
  }
  await upstream.close();
});
