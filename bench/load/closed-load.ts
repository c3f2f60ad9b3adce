import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from '../child.ts';
import { programPath } from '../machine.ts';
import { nodeLoad } from './node-load.ts';

/** Connections that each send their next request when they have their answer. */
export interface ClosedLoad {
  readonly port: number;
  readonly path: string;
  readonly token?: string | undefined;
  readonly connections: number;
  readonly seconds: number;
  /** POST with a body of so many bytes instead of GET. */
  readonly uploadBytes?: number;
  /** The paths /r0000/1k, /r0001/1k … in turn, instead of the path. */
  readonly routes?: number;
  /** For the script that wrk reads. */
  readonly folder: string;
}

/** What came of it. */
export interface ClosedResult {
  readonly requests: number;
  readonly seconds: number;
  /** Received, heads included. */
  readonly bytes: number;
  readonly errors: number;
}

const wrk = programPath('wrk');

/** What cannot be loaded without wrk, in words; undefined = it is there. */
export const withoutWrk: string | undefined =
  wrk === undefined ? 'bodies and many routes, because wrk is not installed' : undefined;

/** Runs the load with wrk, or without it with a client of our own (which knows neither uploads nor many paths). */
export async function closedLoad(load: ClosedLoad): Promise<ClosedResult> {
  const { port, path, connections, seconds, folder } = load;
  if (wrk === undefined) {
    const { requests, errors, seconds: took } = await nodeLoad({ kind: 'closed', ...load });
    return { requests, errors, seconds: took, bytes: 0 };
  }
  const script = join(folder, 'load.lua');
  writeFileSync(script, scriptOf(load));
  const child = new Child(
    {
      command: wrk,
      args: [
        '-t1',
        `-c${connections}`,
        `-d${seconds}s`,
        '--timeout',
        '10s',
        '-s',
        script,
        `http://127.0.0.1:${port}${path}`,
      ],
    },
    'load',
  );
  const output = await child.output();
  const [requests = 0, microseconds = 0, bytes = 0, errors = 0] =
    /^RESULT (.*)$/m.exec(output)?.[1]?.split(' ').map(Number) ?? [];
  if (bytes === 0) throw new Error(`wrk got no answer from port ${port}: ${output}`);
  return { requests, seconds: microseconds / 1e6, bytes, errors };
}

function scriptOf({ token, uploadBytes, routes }: ClosedLoad): string {
  const lines = [
    'done = function(s)',
    '  local e = s.errors',
    '  local n = e.connect + e.read + e.write + e.status + e.timeout',
    '  io.write(string.format("RESULT %d %d %d %d\\n", s.requests, s.duration, s.bytes, n))',
    'end',
  ];
  if (token !== undefined) lines.push(`wrk.headers["Authorization"] = "Bearer ${token}"`);
  if (uploadBytes !== undefined) lines.push('wrk.method = "POST"', `wrk.body = string.rep("x", ${uploadBytes})`);
  if (routes !== undefined) {
    lines.push(
      'local all, n = {}, 0',
      `init = function() for i = 0, ${routes - 1} do all[i] = wrk.format(nil, string.format("/r%04d/1k", i)) end end`,
      `request = function() n = (n + 1) % ${routes}; return all[n] end`,
    );
  }
  return `${lines.join('\n')}\n`;
}
