import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import t from 'tap';
import { dial, handshakeStatus, startWebSocketUpstream } from '../support/websocket.ts';
import { startSoaked } from './soaked.ts';

/** Starts an API, and bearerd before it. */
async function started(answer: (request: IncomingMessage, response: ServerResponse) => void, drainTimeout: string) {
  const upstream = createServer(answer);
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  // listen() on a TCP port always gives an AddressInfo
  const timeouts = { headers: 0, idle: 0 };
  const soaked = await startSoaked((upstream.address() as AddressInfo).port, { drainTimeout, timeouts });
  const close = (): void => {
    upstream.close();
    upstream.closeAllConnections();
  };
  return { ...soaked, close };
}

/** The answer as far as it came. */
function got(port: number, path: string): Promise<{ readonly text: string; readonly complete: boolean }> {
  return new Promise((resolve) => {
    const sent = request({ port, host: '127.0.0.1', path }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('close', () => resolve({ text, complete: response.complete }));
      response.on('error', () => {});
    });
    sent.on('error', (error) => resolve({ text: error.message, complete: false }));
    sent.end();
  });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

t.test(
  'SIGTERM: a request of five seconds and a running download end well, nobody new is let in, exit 0',
  async (t) => {
    const { child, port, close } = await started((incoming, response) => {
      if (incoming.url === '/slow') {
        setTimeout(() => response.end('after five seconds'), 5_000);
        return;
      }
      let pieces = 0;
      const timer = setInterval(() => {
        pieces += 1;
        response.write('piece ');
        if (pieces < 20) return;
        clearInterval(timer);
        response.end();
      }, 200);
    }, '15s');
    const slow = got(port, '/slow');
    const download = got(port, '/download');
    await pause(500);
    child.send('SIGTERM');
    await pause(300);
    const late = await new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve('connected'));
      socket.on('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    });
    t.equal(late, 'ECONNREFUSED');
    t.strictSame(await download, { text: 'piece '.repeat(20), complete: true });
    t.strictSame(await slow, { text: 'after five seconds', complete: true });
    const endedMs = performance.now();
    t.equal((await child.ended()).code, 0);
    t.ok(performance.now() - endedMs < 3_000, 'soon after the last request, not at the end of the drain time');
    close();
  },
);

t.test('SIGTERM with a stream that never ends and a WebSocket: exit 0 when drainTimeout is over', async (t) => {
  const { child, port, close } = await started((_incoming, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 1\n\n');
  }, '1s');
  const stream = got(port, '/events');
  await pause(300);
  child.send('SIGTERM');
  const startedMs = performance.now();
  t.equal((await child.ended()).code, 0);
  const tookMs = performance.now() - startedMs;
  t.ok(tookMs > 800 && tookMs < 5_000, `after ${Math.round(tookMs)} ms`);
  t.strictSame(await stream, { text: 'data: 1\n\n', complete: false }, 'the client can tell that it is not the end');
  close();

  const api = await startWebSocketUpstream(() => {});
  const second = await startSoaked(Number(new URL(api.url).port), { drainTimeout: '1s' });
  const { closed } = await dial(second.port);
  second.child.send('SIGTERM');
  t.equal((await second.child.ended()).code, 0);
  t.equal((await closed).code, 1006);
  await api.close();
});

t.test('a second signal ends it at once, whatever is in flight', async (t) => {
  const api = await startWebSocketUpstream(() => {});
  const { child, port } = await startSoaked(Number(new URL(api.url).port), { drainTimeout: '60s' });
  t.equal(await handshakeStatus(dial(port)), 101);
  const { closed } = await dial(port);
  child.send('SIGTERM');
  await pause(300);
  const startedMs = performance.now();
  child.send('SIGTERM');
  t.equal((await child.ended()).code, 130);
  t.ok(performance.now() - startedMs < 3_000);
  t.equal((await closed).code, 1006);
  await api.close();
});
