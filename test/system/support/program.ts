import { spawn } from 'node:child_process';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository } from '../../support/bearerd-process.ts';

/** What became of a program. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a program is started. */
export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: the top folder of the repository. */
  readonly cwd?: string;
  /** Milliseconds before it is killed; default 60 s. */
  readonly timeoutMs?: number;
}

/**
 * Runs a program of the system to its end. It writes into files, not into pipes: what podman leaves running (the name
 * server of a network, for one) keeps the streams that it was started with and suffers when nobody holds the other end.
 * @throws Error when it is not installed: a test without it is a failed test.
 */
export async function program(name: string, args: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
  const folder = await mkdtemp(join(tmpdir(), 'bearerd-system-'));
  const stdout = await open(join(folder, 'stdout'), 'w+');
  const stderr = await open(join(folder, 'stderr'), 'w+');
  try {
    const child = spawn(name, args, {
      cwd: options.cwd ?? repository,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', stdout.fd, stderr.fd],
      timeout: options.timeoutMs ?? 60_000,
      killSignal: 'SIGKILL',
    });
    const code = await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code) => resolve(code ?? -1));
    });
    const text = async (stream: 'stdout' | 'stderr') => (await readFile(join(folder, stream), 'utf8')).trim();
    return { code, stdout: await text('stdout'), stderr: await text('stderr') };
  } finally {
    await Promise.all([stdout.close(), stderr.close()]);
    await rm(folder, { recursive: true });
  }
}

/** The same for a program that has to succeed. @returns what it wrote to stdout. @throws Error with what it said */
export async function must(name: string, args: readonly string[], options: ProgramOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await program(name, args, options);
  if (code === 0) return stdout;
  throw new Error(`${name} ${args.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`);
}
