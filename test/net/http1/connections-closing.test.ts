import t from 'tap';
import { eventually } from '../../support/tcp.ts';
import { dialled, startAsked } from './asked.ts';
import { connectionsTo, RecordedCall, turns } from './calls.ts';

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
