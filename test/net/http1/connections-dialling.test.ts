import t from 'tap';
import { eventually } from '../../support/tcp.ts';
import { dialled, exchange, startAsked } from './asked.ts';
import { connectionsTo, RecordedCall, turns } from './calls.ts';

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

t.test('a dial that fails fails nobody who began to wait after it', async (t) => {
  const upstream = await startAsked();
  const { connections, dials, next, succeed } = dialled(upstream.url, 2);
  connections.send(new RecordedCall('/busy'));
  await succeed();
  await upstream.arrived(1);
  const [served, late] = [new RecordedCall('/served'), new RecordedCall('/late')];
  connections.send(served);
  await turns();
  const failing = await next();
  upstream.request(0).answer();
  await upstream.arrived(2);
  t.equal(upstream.request(1).path, '/served', 'by the connection that was there');
  connections.send(late);
  await turns();
  failing(new Error('refused'), null);
  await turns();
  t.strictSame(late.events, []);
  t.equal(dials.length, 1, 'it has a dial of its own now');
  await succeed();
  await upstream.arrived(3);
  t.equal(upstream.request(2).path, '/late');
  connections.close();
  await upstream.close();
});

t.test('who needs a new connection costs no more old ones than that', async (t) => {
  const upstream = await startAsked();
  const connections = connectionsTo(upstream.url, 4);
  for (const path of ['/0', '/1', '/2', '/3']) connections.send(new RecordedCall(path));
  await upstream.arrived(4);
  connections.send(new RecordedCall('/socket', { upgrade: true }));
  const waiting = Array.from({ length: 6 }, (_, n) => new RecordedCall(`/w${n}`));
  for (const call of waiting) connections.send(call);
  await turns();
  for (const n of [0, 1, 2, 3]) upstream.request(n).answer('Keep-Alive: timeout=600\r\n');
  await upstream.arrived(8);
  t.equal(upstream.server.connections, 5);
  t.strictSame(
    upstream.asked
      .slice(4)
      .filter(({ nth }) => nth === 5)
      .map(({ path }) => path),
    ['/socket'],
  );
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
  // in either order
  t.strictSame([upstream.request(2).nth, upstream.request(3).nth].sort(), [3, 4]);
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

t.test('a WebSocket has a new connection that is a stream; others have what they ask of it', async (t) => {
  const upstream = await startAsked();
  const { connections, dials, asked, succeed } = dialled(upstream.url, 2);
  const first = new RecordedCall('/first');
  connections.send(first);
  await turns();
  t.equal(dials.length, 1);
  const socket = new RecordedCall('/socket', { upgrade: true });
  connections.send(socket);
  await turns();
  t.strictSame(
    asked.map(({ onread }) => onread === undefined),
    [false, true],
    'the second dial is for the WebSocket',
  );
  const pressing = new RecordedCall('/pressing', { needsNewConnection: true });
  connections.send(pressing);
  await succeed();
  await upstream.arrived(1);
  t.equal(upstream.request(0).path, '/pressing', 'the first one is not for the WebSocket, though it waits longer');
  await succeed();
  await upstream.arrived(2);
  t.equal(upstream.request(1).path, '/socket');
  t.strictSame(first.events, [], 'it waits: there may be no third');
  connections.close();
  await upstream.close();
});

t.test('a connection that is no stream is never given to a WebSocket: there is another dial for it', async (t) => {
  const upstream = await startAsked();
  const { connections, dials, asked, succeed } = dialled(upstream.url, 1);
  const gone = new RecordedCall('/gone');
  connections.send(gone);
  await turns();
  connections.forget(gone);
  const socket = new RecordedCall('/socket', { upgrade: true });
  connections.send(socket);
  await succeed();
  await eventually(() => dials.length === 1, 'the first one makes room');
  t.equal(asked.at(-1)?.onread, undefined);
  await succeed();
  await upstream.arrived(1);
  t.equal(upstream.request(0).path, '/socket');
  connections.close();
  await upstream.close();
});

t.test('dials that nobody needs any more do not keep a WebSocket waiting', async (t) => {
  const upstream = await startAsked();
  const { connections, dials, asked } = dialled(upstream.url, 100);
  const gone = Array.from({ length: 5 }, (_, n) => new RecordedCall(`/${n}`));
  for (const call of gone) connections.send(call);
  await turns();
  for (const call of gone) connections.forget(call);
  connections.send(new RecordedCall('/socket', { upgrade: true }));
  await turns();
  t.equal(dials.length, 6);
  t.equal(asked.at(-1)?.onread, undefined, 'the sixth is for it');
  await turns();
  t.equal(dials.length, 6, 'and no more');
  connections.close();
  await upstream.close();
});

t.test('a stream is for the WebSocket that it was dialled for, whoever else waits', async (t) => {
  const upstream = await startAsked();
  const { connections, dials, asked, succeed } = dialled(upstream.url, 2);
  connections.send(new RecordedCall('/pressing', { needsNewConnection: true }));
  await turns();
  connections.send(new RecordedCall('/socket', { upgrade: true }));
  await turns();
  t.strictSame(
    asked.map(({ onread }) => onread === undefined),
    [false, true],
  );
  dials.push(...dials.splice(0, 1));
  asked.push(...asked.splice(0, 1));
  await succeed();
  await upstream.arrived(1);
  t.equal(upstream.request(0).path, '/socket');
  await succeed();
  await upstream.arrived(2);
  t.equal(upstream.request(1).path, '/pressing');
  connections.close();
  await upstream.close();
});
