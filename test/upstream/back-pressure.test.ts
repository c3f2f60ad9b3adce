import t, { type Test } from 'tap';
import { heldBytes } from '../support/held-memory.ts';
import { startProxy } from '../support/proxy.ts';
import { eventually, quiet, RawClient } from '../support/tcp.ts';
import { startRawUpstream } from '../support/upstream.ts';

const MB = 1_000_000;

/**
 * How much may be held while the other side waits: with 100 MB to pass on, a proxy that does not wait holds nearly all of
 * it (seen: 60 to 100 MB), one that does well below 1 MB. What the kernel's buffers take is not in it.
 */
const mayHold = 10 * MB;

const piece = Buffer.alloc(100_000);

interface Sink {
  write(piece: Buffer): boolean;
  once(event: 'drain', listener: () => void): unknown;
}

/** Writes so many bytes as fast as they are taken. */
function pour(sink: Sink, bytes: number, done: () => void = () => {}): { readonly sent: number } {
  const poured = { sent: 0 };
  const more = (): void => {
    while (poured.sent < bytes) {
      poured.sent += piece.length;
      if (!sink.write(piece)) {
        sink.once('drain', more);
        return;
      }
    }
    done();
  };
  more();
  return poured;
}

/** A client asks for 100 MB, stops reading, and goes on when everything stands still. */
async function slowDownload(t: Test, status: number): Promise<void> {
  let poured = { sent: 0 };
  const upstream = await startRawUpstream((_request, response) => {
    response.writeHead(status, { 'content-length': 100 * MB });
    poured = pour(response, 100 * MB, () => response.end());
  });
  const proxy = await startProxy(upstream.url);
  const client = new RawClient(proxy.port);
  let received = 0;
  client.socket.removeAllListeners('data');
  client.socket.on('data', (chunk) => {
    received += chunk.length;
  });
  const before = await heldBytes();
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  await eventually(() => received > 0, 'the answer has begun');
  client.socket.pause();
  await quiet(() => poured.sent);
  const grown = (await heldBytes()) - before;
  t.ok(poured.sent < 100 * MB, `the upstream waits after ${poured.sent / MB} MB of 100, kernel buffers included`);
  t.ok(grown < mayHold, `${grown / MB} MB are held`);
  client.socket.resume();
  await client.closed;
  t.ok(received > 100 * MB, 'and then all of it arrives');
  await proxy.stop();
  await upstream.close();
}

t.test('a slow reader of a 100 MB answer makes the upstream slow, not the memory large', (t) => slowDownload(t, 200));

t.test('a 401 that is too long to read waits for its reader too', (t) => slowDownload(t, 401));

t.test('a slow upstream makes the upload slow, not the memory large', async (t) => {
  let received = 0;
  let goOn: () => void = () => {};
  const upstream = await startRawUpstream((request, response) => {
    goOn = () => {
      request.on('data', (chunk: Buffer) => {
        received += chunk.length;
      });
      request.on('end', () => response.end('done'));
    };
  });
  const proxy = await startProxy(upstream.url);
  const client = new RawClient(proxy.port);
  const before = await heldBytes();
  client.write(`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${100 * MB}\r\nConnection: close\r\n\r\n`);
  const poured = pour(client.socket, 100 * MB);
  await quiet(() => poured.sent);
  const grown = (await heldBytes()) - before;
  t.ok(poured.sent < 100 * MB, `the client waits after ${poured.sent / MB} MB of 100, kernel buffers included`);
  t.ok(grown < mayHold, `${grown / MB} MB are held`);
  goOn();
  await client.closed;
  t.match(client.text, /^HTTP\/1.1 200 OK\r\n/);
  t.equal(received, 100 * MB, 'and then all of it arrives');
  await proxy.stop();
  await upstream.close();
});
