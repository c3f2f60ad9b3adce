import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Connection, plainRequest } from '../load/connection.ts';
import type { LoadResult, NodeLoad } from '../load/node-load.ts';
import { quantile } from '../statistics.ts';

// One load, described by the JSON in argv[2]; prints a LoadResult. An open load counts time from the moment when a
// request was due, so a proxy that stalls is charged for every request that should have left meanwhile.

/** Milliseconds since the epoch, with fractions, comparable between threads. */
const nowMs = (): number => performance.timeOrigin + performance.now();

const latencies: number[] = [];
let errors = 0;

if (isMainThread) {
  const load = JSON.parse(process.argv[2] ?? '{}') as NodeLoad;
  const request = plainRequest(load.port, load.path, load.token);
  const startedMs = nowMs();
  await { open, closed, burst }[load.kind](load, request);
  const result: LoadResult = {
    requests: latencies.length,
    errors,
    seconds: (nowMs() - startedMs) / 1000,
    p50Ms: latencies.length === 0 ? 0 : quantile(latencies, 0.5),
    p99Ms: latencies.length === 0 ? 0 : quantile(latencies, 0.99),
    maxMs: latencies.length === 0 ? 0 : quantile(latencies, 1),
  };
  process.stdout.write(JSON.stringify(result), () => process.exit(0));
} else {
  tick();
}

/** Timers of Node are exact to a millisecond only; a thread that sleeps is woken within a tenth of it. */
function tick(): void {
  const { rate, count } = workerData as { rate: number; count: number };
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const startMs = nowMs() + 100;
  for (let i = 0; i < count; i += 1) {
    const dueMs = startMs + (i * 1000) / rate;
    const leftMs = dueMs - nowMs();
    if (leftMs > 0) Atomics.wait(cell, 0, 0, leftMs);
    parentPort?.postMessage(dueMs);
  }
}

async function open({ port, rate = 500, seconds = 1 }: NodeLoad, request: Buffer): Promise<void> {
  const count = Math.round(rate * seconds);
  const idle: Connection[] = [];
  for (let i = 0; i < 16; i += 1) idle.push(new Connection(port, request));
  const worker = new Worker(new URL(import.meta.url), { workerData: { rate, count } });
  await new Promise<void>((resolve) => {
    let over = 0;
    worker.on('message', (dueMs: number) => {
      const connection = idle.pop() ?? new Connection(port, request);
      connection.send((ok) => {
        note(ok, nowMs() - dueMs);
        if (ok) idle.push(connection);
        else connection.close();
        over += 1;
        if (over === count) resolve();
      });
    });
  });
}

async function closed({ port, connections = 16, seconds = 1 }: NodeLoad, request: Buffer): Promise<void> {
  const endMs = nowMs() + seconds * 1000;
  const one = (): Promise<void> =>
    new Promise((resolve) => {
      const connection = new Connection(port, request);
      const again = (): void => {
        const startedMs = nowMs();
        if (startedMs >= endMs) {
          connection.close();
          resolve();
          return;
        }
        connection.send((ok) => {
          note(ok, nowMs() - startedMs);
          if (ok) again();
          else resolve();
        });
      };
      again();
    });
  await Promise.all(Array.from({ length: connections }, one));
}

async function burst({ port, connections = 1 }: NodeLoad, request: Buffer): Promise<void> {
  const startedMs = nowMs();
  const one = (): Promise<void> =>
    new Promise((resolve) => {
      new Connection(port, request).send((ok) => {
        note(ok, nowMs() - startedMs);
        resolve();
      });
    });
  await Promise.all(Array.from({ length: connections }, one));
}

function note(ok: boolean, latencyMs: number): void {
  if (ok) latencies.push(latencyMs);
  else errors += 1;
}
