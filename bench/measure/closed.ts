import { type ClosedLoad, closedLoad } from '../load/closed-load.ts';
import { cpuSeconds } from '../process-tree.ts';
import type { Running } from '../subject.ts';
import type { World } from '../world.ts';

/** What one run of a closed load says of a subject. */
export interface Sample {
  readonly requestsPerSecond: number;
  /** Microseconds of processor time for each request. */
  readonly cpuPerRequest: number;
  /** Milliseconds of processor time for each MB (10^6 bytes) of body. */
  readonly cpuPerMb: number;
  /** Of its core, from 0 to 1. */
  readonly busy: number;
}

/** The load without what every run has alike. */
export type LoadOnSubject = Omit<ClosedLoad, 'port' | 'folder'>;

/** Lays a load on a subject and reads its processor time before and after. @throws when an answer was not a 200 */
export async function sample(running: Running, world: World, load: LoadOnSubject): Promise<Sample> {
  const before = cpuSeconds(running.child.pid);
  const result = await closedLoad({ ...load, port: running.port, folder: world.folder });
  const cpu = cpuSeconds(running.child.pid) - before;
  if (result.errors > 0) throw new Error(`${result.errors} errors among ${result.requests} requests for ${load.path}`);
  const bytes = load.uploadBytes === undefined ? result.bytes : load.uploadBytes * result.requests;
  return {
    requestsPerSecond: result.requests / result.seconds,
    cpuPerRequest: (cpu / result.requests) * 1e6,
    cpuPerMb: (cpu / bytes) * 1e9,
    busy: cpu / result.seconds,
  };
}
