import { Child } from '../child.ts';

/** A load as programs/node-load makes it, in a process of its own on the core of the load. */
export interface NodeLoad {
  /**
   * open = requests leave at a fixed rate whatever has become of those before; closed = each connection sends its next
   * one when it has its answer; burst = all at once.
   */
  readonly kind: 'open' | 'closed' | 'burst';
  readonly port: number;
  readonly path: string;
  /** Sent as Authorization; undefined = none. */
  readonly token?: string | undefined;
  readonly seconds?: number;
  /** Of an open load: requests per second. */
  readonly rate?: number;
  /** Of a closed load: how many; of a burst: how many requests, each on its own connection. */
  readonly connections?: number;
}

/** What came of a load. */
export interface LoadResult {
  /** Answered with a complete 200. */
  readonly requests: number;
  readonly errors: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Runs a load to its end. */
export async function nodeLoad(load: NodeLoad): Promise<LoadResult> {
  const program = new URL('../programs/node-load.js', import.meta.url).pathname;
  const child = new Child({ command: process.execPath, args: [program, JSON.stringify(load)] }, 'load');
  // the program prints a LoadResult and nothing else
  return JSON.parse(await child.output()) as LoadResult;
}
