import { createServer, request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Test } from 'tap';
import { growth, mebibytes, startSoaked } from './soaked.ts';

const piece = Buffer.alloc(256 * 1024, 7);

/** How much is moved. */
export interface Volume {
  /** Bytes up, and bytes down. */
  readonly bytes: number;
  readonly readers: number;
  /** Bytes of the body that each slow reader takes a trickle of. */
  readonly readerBytes: number;
  readonly idleConnections: number;
  /** The memory that is judged. */
  readonly memory: 'resident' | 'held';
}

/** Large bodies, slow readers, idle connections: what they cost in memory, and that a stop ends them (issue 3, acceptance 2). */
export async function soakVolume(t: Test, volume: Volume): Promise<void> {
  const upstream = createServer((incoming, response) => {
    let received = 0;
    incoming.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    incoming.on('end', () => {
      const size = Number(incoming.headers['x-size'] ?? 0);
      if (size === 0) {
        response.end(String(received));
        return;
      }
      response.writeHead(200, { 'content-length': size });
      let left = size;
      const more = (): void => {
        while (left > 0) {
          const next = left < piece.length ? piece.subarray(0, left) : piece;
          left -= next.length;
          if (!response.write(next)) {
            response.once('drain', more);
            return;
          }
        }
        response.end();
      };
      more();
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  // listen() on a TCP port always gives an AddressInfo
  const soaked = await startSoaked((upstream.address() as AddressInfo).port, {
    timeouts: { headers: 0, idle: 0 },
    drainTimeout: '500ms',
  });
  const { port } = soaked;
  await download(port, piece.length * 16);
  await upload(port, piece.length * 16);

  // issue 3 allows resident memory 64 MiB, garbage and the allocator's reserve included
  const limit = (volume.memory === 'held' ? 32 : 64) * 1024 * 1024;
  const down = await growth(soaked, volume.memory, async () => {
    t.equal(await download(port, volume.bytes), volume.bytes, 'all came down');
  });
  t.ok(
    down < limit,
    `${mebibytes(volume.bytes)} MiB down: ${volume.memory} memory grew by ${mebibytes(down)} MiB at most`,
  );
  const up = await growth(soaked, volume.memory, async () => {
    t.equal(await upload(port, volume.bytes), volume.bytes, 'all went up');
  });
  t.ok(up < limit, `${mebibytes(volume.bytes)} MiB up: ${volume.memory} memory grew by ${mebibytes(up)} MiB at most`);

  const slow = await growth(soaked, volume.memory, async () => {
    const readers = Array.from({ length: volume.readers }, () => trickle(port, volume.readerBytes));
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    for (const reader of readers) reader.destroy();
  });
  const each = slow / volume.readers;
  t.ok(each < 2_000_000, `${volume.readers} slow readers: ${mebibytes(each)} MiB each`);

  const idle: Socket[] = [];
  const first = await growth(soaked, volume.memory, async () => {
    for (let i = 0; i < volume.idleConnections; i += 100) {
      idle.push(...(await Promise.all(Array.from({ length: 100 }, () => served(port)))));
    }
  });
  t.equal(idle.length, volume.idleConnections, `served and kept: ${mebibytes(first / idle.length)} MiB each`);
  t.ok(
    idle.every(({ readyState }) => readyState === 'open'),
    'all are open',
  );
  const closed = Promise.all(idle.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
  const startedMs = performance.now();
  const { code } = await soaked.child.stop();
  await closed;
  t.equal(code, 0, `idle connections are closed by a stop within ${Math.round(performance.now() - startedMs)} ms`);
  upstream.close();
  upstream.closeAllConnections();
}

function download(port: number, size: number): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path: '/', headers: { 'x-size': size } }, (response) => {
      let received = 0;
      response.on('data', (chunk: Buffer) => {
        received += chunk.length;
      });
      response.on('end', () => resolve(received));
      response.on('error', reject);
    })
      .on('error', reject)
      .end();
  });
}

function upload(port: number, size: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { port, host: '127.0.0.1', path: '/', method: 'PUT', headers: { 'content-length': size } },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        response.on('end', () => resolve(Number(text)));
      },
    ).on('error', reject);
    let left = size;
    const more = (): void => {
      while (left > 0) {
        const next = left < piece.length ? piece.subarray(0, left) : piece;
        left -= next.length;
        if (!sent.write(next)) {
          sent.once('drain', more);
          return;
        }
      }
      sent.end();
    };
    more();
  });
}

/** Takes a few KB of a large body every 100 ms. */
function trickle(port: number, size: number): Socket {
  const socket = connect(port, '127.0.0.1', () => {
    socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nX-Size: ${size}\r\n\r\n`);
  });
  socket.on('error', () => {});
  socket.on('readable', () => {
    const timer = setTimeout(() => socket.read(8 * 1024) ?? socket.read(), 100);
    socket.once('close', () => clearTimeout(timer));
  });
  return socket;
}

/** A connection that has been served once and is left open. */
function served(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'));
    socket.once('data', () => resolve(socket));
    socket.once('error', reject);
  });
}
