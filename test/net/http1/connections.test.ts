import { connect as connectTcp, type Socket } from 'node:net';
import t from 'tap';
import type { ConnectCallback } from '../../../src/net/direct-connection.ts';
import { Http1Connections } from '../../../src/net/http1/connections.ts';
import { eventually, onHead, startTcp } from '../../support/tcp.ts';
import { connectionsTo, RecordedCall, turns } from './calls.ts';

/** A request as an upstream has it, with a way to answer. */
interface Asked {
  readonly path: string;
  readonly nth: number;
  readonly socket: Socket;
  readonly answer: (fields?: string, behind?: string) => void;
}

/** An upstream whose answers the test gives, each with its path as body. */
async function startAsked() {
  const asked: Asked[] = [];
  const server = await startTcp((socket, nth) => {
    onHead(socket, (head) => {
      const path = head.split(' ')[1] ?? '';
      const answer = (fields = '', behind = ''): void => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n${fields}\r\n${path}${behind}`);
      };
      asked.push({ path, nth, socket, answer });
    });
  });
  const arrived = (count: number) => eventually(() => asked.length === count, `${count} requests have arrived`);
  /** The n-th request, from 0. */
  const request = (n: number): Asked => {
    const one = asked[n];
    if (one === undefined) throw new Error(`there is no request ${n}`);
    return one;
  };
  return { ...server, server, asked, arrived, request };
}

/** Sends a request and answers it; which connection it took, from 1. */
async function exchange(
  upstream: Awaited<ReturnType<typeof startAsked>>,
  connections: Http1Connections,
  call: RecordedCall,
  fields?: string,
  behind?: string,
): Promise<number> {
  const before = upstream.asked.length;
  connections.send(call);
  await upstream.arrived(before + 1);
  const { nth, answer } = upstream.request(before);
  answer(fields, behind);
  await call.over;
  return nth;
}

t.test('one request at a time on a connection, no more connections than allowed, in the order of asking', async (t) => {
  const upstream = await startAsked();
  const connections = connectionsTo(upstream.url, 2);
  const calls = ['/0', '/1', '/2', '/3', '/4'].map((path) => new RecordedCall(path));
  for (const call of calls) connections.send(call);
  for (const n of [0, 1, 2, 3, 4]) {
    await upstream.arrived(Math.min(5, n + 2));
    await turns();
    t.equal(upstream.asked.length, Math.min(5, n + 2), `${n} are answered`);
    upstream.request(n).answer();
    await calls[n]?.over;
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
  for (const path of ['/0', '/1', '/2']) connections.send(new RecordedCall(path));
  await upstream.arrived(3);
  for (const n of [0, 2, 1]) {
    upstream.request(n).answer();
    await turns(10);
  }
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
    await turns();
    const call = new RecordedCall('/second');
    t.not(await exchange(upstream, connections, call), nth, end);
    t.equal(call.events[0], 'begun new');
    connections.close();
  }
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

/** Connections whose dials the test answers. */
function dialled(url: string, connections: number) {
  const dials: ConnectCallback[] = [];
  const made = new Http1Connections(url, { connect: (_options, callback) => dials.push(callback), connections });
  const port = Number(new URL(url).port);
  /** Takes the oldest dial. */
  const next = async (): Promise<ConnectCallback> => {
    await eventually(() => dials.length > 0, 'a connection is opened');
    const callback = dials.shift();
    if (callback === undefined) throw new Error('there is none');
    return callback;
  };
  const succeed = async (): Promise<void> => {
    const callback = await next();
    const socket = connectTcp(port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    callback(null, socket);
  };
  return { connections: made, dials, next, succeed };
}

t.test('a dial that fails fails one request; each of the others has its own try', async (t) => {
  const upstream = await startAsked();
  const { connections, dials, next, succeed } = dialled(upstream.url, 2);
  const calls = ['/0', '/1', '/2'].map((path) => new RecordedCall(path));
  for (const call of calls) connections.send(call);
  await turns();
  t.equal(dials.length, 2, 'as many as may be open');
  const refusal = new Error('refused');
  (await next())(refusal, null);
  t.equal(await calls[0]?.error, refusal);
  await turns();
  t.equal(dials.length, 2, 'the third has a dial of its own');
  (await next())(refusal, null);
  t.equal(await calls[1]?.error, refusal);
  await succeed();
  await upstream.arrived(1);
  upstream.request(0).answer();
  t.equal(await calls[2]?.over, 'ended');
  await turns();
  t.equal(dials.length, 0, 'nothing is opened for nobody');
  connections.close();
  await upstream.close();
});

t.test('a request that is taken back is told nothing, and its connection is the next one’s', async (t) => {
  const upstream = await startAsked();
  const { connections, dials, succeed } = dialled(upstream.url, 2);
  const [gone, next] = [new RecordedCall('/gone'), new RecordedCall('/next')];
  connections.send(gone);
  await turns();
  connections.forget(gone);
  connections.forget(gone);
  await succeed();
  await turns();
  connections.send(next);
  await upstream.arrived(1);
  t.equal(upstream.request(0).path, '/next');
  t.strictSame([gone.events, next.events, dials.length], [[], ['begun new'], 0]);
  connections.close();
  await upstream.close();
});

t.test('who needs a new connection never gets an old one, and makes room where there is none', async (t) => {
  const upstream = await startAsked();
  const connections = connectionsTo(upstream.url, 2);
  for (const path of ['/0', '/1']) connections.send(new RecordedCall(path));
  await upstream.arrived(2);
  // they would be kept for minutes
  for (const n of [0, 1]) upstream.request(n).answer('Keep-Alive: timeout=600\r\n');
  await turns(10);
  const calls = ['/2', '/3', '/4'].map((path) => new RecordedCall(path, { needsNewConnection: true }));
  for (const call of calls) connections.send(call);
  await upstream.arrived(4);
  t.strictSame([upstream.request(2).nth, upstream.request(3).nth], [3, 4]);
  await eventually(() => upstream.sockets.size === 2, 'the old ones are closed');
  // full of busy ones: the next that is released makes room
  upstream.request(2).answer('Keep-Alive: timeout=600\r\n');
  await upstream.arrived(5);
  t.equal(upstream.request(4).nth, 5);
  for (const call of calls) t.equal(call.events[0], 'begun new');
  connections.close();
  await upstream.close();
});

t.test('the first new connection is for who needs one', async (t) => {
  const upstream = await startAsked();
  const { connections, succeed } = dialled(upstream.url, 2);
  connections.send(new RecordedCall('/any'));
  connections.send(new RecordedCall('/new', { needsNewConnection: true }));
  await succeed();
  await upstream.arrived(1);
  t.equal(upstream.request(0).path, '/new');
  connections.close();
  await upstream.close();
});

t.test('a request that cannot be sent fails, and its connection stays', async (t) => {
  const upstream = await startAsked();
  const connections = connectionsTo(upstream.url, 1);
  const bad = new RecordedCall('/bad', { fields: ['X-A', 'a\nb'] });
  connections.send(bad);
  t.match(await bad.error, { code: 'BEARERD_REQUEST_MALFORMED' });
  t.strictSame(bad.events, ['failed']);
  t.equal(await exchange(upstream, connections, new RecordedCall('/good')), 1);
  t.equal(upstream.server.connections, 1);
  connections.close();
  await upstream.close();
});

t.test(
  'closeWhenIdle: idle connections end at once, the others with their request; who waits comes before',
  async (t) => {
    const upstream = await startAsked();
    const connections = connectionsTo(upstream.url, 2);
    for (const path of ['/0', '/1']) connections.send(new RecordedCall(path));
    await upstream.arrived(2);
    upstream.request(0).answer();
    await turns(10);
    let closed = false;
    const closing = connections.closeWhenIdle().then(() => {
      closed = true;
    });
    await eventually(() => upstream.sockets.size === 1, 'the idle one is closed');
    const late = ['/2', '/3'].map((path) => new RecordedCall(path));
    for (const call of late) connections.send(call);
    await upstream.arrived(3);
    upstream.request(1).answer();
    await upstream.arrived(4);
    t.equal(closed, false);
    for (const n of [2, 3]) upstream.request(n).answer();
    for (const call of late) t.equal(await call.over, 'ended');
    await closing;
    await eventually(() => upstream.sockets.size === 0, 'all are closed');
    await upstream.close();
  },
);

t.test('closeWhenIdle keeps no connection for a request that has one already, or is taken back', async (t) => {
  for (const takenBack of [false, true]) {
    const upstream = await startAsked();
    const connections = connectionsTo(upstream.url, 2);
    const calls = ['/0', '/1', '/2'].map((path) => new RecordedCall(path));
    for (const call of calls) connections.send(call);
    await upstream.arrived(2);
    const closing = connections.closeWhenIdle();
    const waiting = calls[2];
    if (waiting === undefined) throw new Error('three');
    // both in one turn, while one waits; the upstream would keep them for minutes
    for (const n of [0, 1]) upstream.request(n).answer('Keep-Alive: timeout=600\r\n');
    if (takenBack) {
      await calls[0]?.over;
      connections.forget(waiting);
    } else {
      await upstream.arrived(3);
      upstream.request(2).answer('Keep-Alive: timeout=600\r\n');
    }
    await closing;
    t.pass(takenBack ? 'taken back' : 'answered');
    await upstream.close();
  }
});

t.test('closeWhenIdle with nothing open resolves at once; with a dial, after it', async (t) => {
  const upstream = await startAsked();
  await connectionsTo(upstream.url, 1).closeWhenIdle();
  for (const outcome of ['fails', 'succeeds'] as const) {
    const { connections, next, succeed } = dialled(upstream.url, 1);
    const call = new RecordedCall('/a');
    connections.send(call);
    await turns();
    connections.forget(call);
    let closed = false;
    const closing = connections.closeWhenIdle().then(() => {
      closed = true;
    });
    await turns();
    t.equal(closed, false, outcome);
    if (outcome === 'fails') (await next())(new Error('refused'), null);
    else await succeed();
    await closing;
  }
  await eventually(() => upstream.sockets.size === 0, 'what was opened in vain is closed');
  await upstream.close();
});

t.test('close: what runs, waits or comes later fails once, and nothing stays open', async (t) => {
  const upstream = await startAsked();
  const { connections, dials, succeed } = dialled(upstream.url, 2);
  const running = new RecordedCall('/running');
  connections.send(running);
  await succeed();
  await upstream.arrived(1);
  const waiting = ['/new', '/old', '/old'].map((path) => {
    const call = new RecordedCall(path, { needsNewConnection: path === '/new' });
    connections.send(call);
    return call;
  });
  await turns();
  connections.close();
  connections.close();
  const late = new RecordedCall('/late');
  connections.send(late);
  t.strictSame(running.events, ['begun new', 'failed']);
  for (const call of [...waiting, late]) t.strictSame(call.events, ['failed'], call.target);
  await succeed();
  await turns();
  t.equal(dials.length, 0, 'nothing is opened any more');
  await eventually(() => upstream.sockets.size === 0, 'all are closed');
  await upstream.close();
});
