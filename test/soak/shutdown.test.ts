import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import t from 'tap';
import type { BearerdProcess } from '../support/bearerd-process.ts';
import { eventually } from '../support/tcp.ts';
import { dial, handshakeStatus, startWebSocketUpstream } from '../support/websocket.ts';
import { startSoaked } from './soaked.ts';

/** A stop is told at this level. */
const log = { level: 'info', format: 'json', access: false };

/** Starts an API, and bearerd before it. */
async function started(answer: (request: IncomingMessage, response: ServerResponse) => void, drainTimeout: string) {
  let asked = 0;
  const upstream = createServer((incoming, response) => {
    asked += 1;
    answer(incoming, response);
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  // listen() on a TCP port always gives an AddressInfo
  const timeouts = { headers: 0, idle: 0 };
  const soaked = await startSoaked((upstream.address() as AddressInfo).port, { drainTimeout, timeouts, log });
  const close = (): void => {
    upstream.close();
    upstream.closeAllConnections();
  };
  /** Waits until so many requests are with the API. */
  const arrived = (count: number) => eventually(() => asked >= count, `${count} requests are upstream`, 20_000);
  return { ...soaked, arrived, close };
}

/** Asks for a stop, and waits until it has begun: no new connection is taken then, and another signal is a second one. */
async function begunToStop(child: BearerdProcess): Promise<void> {
  child.send('SIGTERM');
  await child.until(() => child.stderr.includes('"event":"stopping"'), 'the stop');
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

t.test(
  'SIGTERM: a request of five seconds and a running download end well, nobody new is let in, exit 0',
  async (t) => {
    const { child, port, arrived, close } = await started((incoming, response) => {
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
    await arrived(2);
    await begunToStop(child);
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
  const { child, port, arrived, close } = await started((_incoming, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 1\n\n');
  }, '1s');
  const stream = got(port, '/events');
  await arrived(1);
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
  const { child, port } = await startSoaked(Number(new URL(api.url).port), { drainTimeout: '60s', log });
  t.equal(await handshakeStatus(dial(port)), 101);
  const { closed } = await dial(port);
  await begunToStop(child);
  const startedMs = performance.now();
  child.send('SIGTERM');
  t.equal((await child.ended()).code, 130);
  t.ok(performance.now() - startedMs < 3_000);
  t.equal((await closed).code, 1006);
  await api.close();
});
