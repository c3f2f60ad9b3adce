import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BearerdProcess, startBearerd } from '../support/bearerd-process.ts';
import { heldOf } from '../support/held-memory.ts';

/** What the program holds. */
export interface Holdings {
  /** Bytes. */
  readonly rss: number;
  readonly heapUsed: number;
  readonly arrayBuffers: number;
  /** How many of each kind of handle keep it alive: TCPSocketWrap, Timeout … */
  readonly held: Readonly<Record<string, number>>;
}

/** The built binary before one upstream, with a look into it. */
export interface Soaked {
  readonly child: BearerdProcess;
  readonly port: number;
  /** After a forced collection. */
  readonly holdings: () => Promise<Holdings>;
  /** Resident memory now, in bytes. */
  readonly rss: () => Promise<number>;
}

/** The token that the upstream has to see. */
export const soakToken = 'soak-token-0123456789';

let count = 0;

/** Starts `bearerd run` with a static token before an upstream. */
export async function startSoaked(upstreamPort: number, settings: object = {}): Promise<Soaked> {
  count += 1;
  const path = join(tmpdir(), `bearerd-probe-${process.pid}-${count}.sock`);
  const probe = fileURLToPath(new URL('./probe.js', import.meta.url));
  const child = await startBearerd({
    config: {
      upstream: `http://127.0.0.1:${upstreamPort}`,
      preset: 'none',
      credential: { provider: 'static', token: soakToken },
      timeouts: { connect: '1s', headers: '500ms', idle: '2s' },
      log: { level: 'error', format: 'json', access: false },
      ...settings,
    },
    env: { NODE_OPTIONS: `--import=${probe}`, PROBE_SOCKET: path, NODE_V8_COVERAGE: '' },
  });
  return {
    child,
    port: Number(new URL(child.url).port),
    // the probe answers in this shape
    holdings: async () => JSON.parse(await asked(path, 'all')) as Holdings,
    rss: async () => (JSON.parse(await asked(path, 'rss')) as Holdings).rss,
  };
}

function asked(path: string, words: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => socket.write(`${words}\n`));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
      if (!text.endsWith('\n')) return;
      socket.destroy();
      resolve(text);
    });
    socket.on('error', reject);
  });
}

/** Bytes as MiB, for messages. */
export function mebibytes(bytes: number): number {
  return Math.round((bytes / 1024 / 1024) * 10) / 10;
}

/**
 * Runs a piece of work and tells by how many bytes memory grew at most meanwhile.
 * @param kind resident = what the operating system sees, the figure for a long run; held = after a forced collection at each
 *   look, which says the same of any machine and any Node, and judges a short run
 */
export async function growth(soaked: Soaked, kind: 'resident' | 'held', work: () => Promise<void>): Promise<number> {
  const look = kind === 'held' ? async () => heldOf(await soaked.holdings()) : soaked.rss;
  const { rss, ...rest } = await soaked.holdings();
  const before = kind === 'held' ? heldOf(rest) : rss;
  let most = before;
  let over = false;
  const watching = (async () => {
    while (!over) {
      most = Math.max(most, await look());
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  await work();
  over = true;
  await watching;
  return most - before;
}
