import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** What the process uses after a forced collection. */
export async function collectedMemory(): Promise<NodeJS.MemoryUsage> {
  collect();
  // what the first collection has let go of is finalised between the two
  await new Promise<void>((resolve) => setImmediate(resolve));
  collect();
  return process.memoryUsage();
}

/**
 * Bytes that something still points at: the heap and all Buffers, after a forced collection. Unlike resident memory this
 * has no garbage, no allocator's reserve and no kernel buffers in it, so that it is the same on a busy machine.
 */
export async function heldBytes(): Promise<number> {
  return heldOf(await collectedMemory());
}

/** Heap and all Buffers, in bytes. */
export function heldOf({ heapUsed, arrayBuffers }: { heapUsed: number; arrayBuffers: number }): number {
  return heapUsed + arrayBuffers;
}

/** By how many bytes the Buffers grew at most while a piece of work went on; garbage that lies about counts. */
export async function mostBuffered(work: () => Promise<void>): Promise<number> {
  await collectedMemory();
  const before = process.memoryUsage().arrayBuffers;
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().arrayBuffers);
  }, 1);
  await work();
  clearInterval(timer);
  return Math.max(most, process.memoryUsage().arrayBuffers) - before;
}
