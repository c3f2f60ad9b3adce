import t from 'tap';
import type { WebSocket } from 'ws';
import { startProxy } from '../support/proxy.ts';
import { eventually, quiet, sleep } from '../support/tcp.ts';
import { type Dialled, dial, startWebSocketUpstream } from '../support/websocket.ts';

const mebibyte = 1024 * 1024;

t.test('a client that does not read makes the upstream wait, and the other way round (back-pressure)', async (t) => {
  const sockets: WebSocket[] = [];
  const upstream = await startWebSocketUpstream((socket) => sockets.push(socket));
  const proxy = await startProxy(upstream.url);
  const total = 64;
  const piece = Buffer.alloc(mebibyte, 7);

  for (const [name, slowIs] of [
    ['down', 'client'],
    ['up', 'upstream'],
  ] as const) {
    const { socket } = await dial(proxy.port);
    await eventually(() => sockets.length > 0, 'the upstream has its end');
    const far = sockets.pop();
    if (far === undefined) throw new Error('no socket');
    const [reader, writer] = slowIs === 'client' ? [socket, far] : [far, socket];
    let received = 0;
    reader.on('message', (data) => {
      received += data.length;
    });
    reader.pause();
    for (let i = 0; i < total; i += 1) writer.send(piece);
    await quiet(() => total * mebibyte - writer.bufferedAmount);
    const stuck = writer.bufferedAmount;
    // the kernel's own buffers take some MiB on both connections (20 at the usual limits); a proxy that did not wait takes all
    t.ok(stuck > 20 * mebibyte, `${name}: ${Math.round(stuck / mebibyte)} of ${total} MiB wait at the sender`);
    reader.resume();
    await eventually(() => received === total * mebibyte, `${name}: all has arrived`, 20_000);
    socket.terminate();
  }
  await proxy.stop();
  await upstream.close();
});

t.test('1,000 idle WebSockets are kept, each is still alive, and a stop ends them within drainTimeout', async (t) => {
  const upstream = await startWebSocketUpstream((socket) => {
    socket.on('message', (data) => socket.send(data.toString()));
  });
  const proxy = await startProxy(upstream.url, {
    config: { drainTimeout: 300 },
    limits: { upstreamConnections: 1_200 },
  });
  const dialled: Dialled[] = [];
  for (let i = 0; i < 20; i += 1) {
    dialled.push(...(await Promise.all(Array.from({ length: 50 }, () => dial(proxy.port)))));
  }
  t.equal(upstream.handshakes.length, 1_000);
  await sleep(200);
  for (const [i, { socket }] of dialled.entries()) socket.send(`still here ${i}`);
  const answers = await Promise.all(dialled.map(({ message }) => message(0)));
  t.ok(
    answers.every((answer, i) => answer.toString() === `still here ${i}`),
    'each has its own answer',
  );
  const startedMs = performance.now();
  await proxy.stop();
  t.ok(performance.now() - startedMs < 10_000, 'the stop took no longer than the drain time and a little');
  const codes = new Set((await Promise.all(dialled.map(({ closed }) => closed))).map(({ code }) => code));
  t.strictSame([...codes], [1006], 'all are closed');
  await eventually(() => upstream.server.clients.size === 0, 'at the upstream too');
  await upstream.close();
});
