import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { cores } from './machine.ts';

/** A program and what it is given. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where stderr goes; undefined = to ours. */
  readonly errorFile?: string;
}

const { subject, load, pinned } = cores();
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A program that runs on one core. */
export class Child {
  readonly process: ChildProcess;
  readonly exited: Promise<number | undefined>;

  /** @param place the core: what is measured has one of its own where there are two */
  constructor({ command, args, env, errorFile }: Launch, place: 'subject' | 'load') {
    const core = String(place === 'subject' ? subject : load);
    const words = pinned ? ['taskset', '-c', core, command, ...args] : [command, ...args];
    const errors = errorFile === undefined ? 'inherit' : openSync(errorFile, 'a');
    const child = spawn(words[0] ?? command, words.slice(1), {
      env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...env },
      stdio: ['ignore', place === 'load' ? 'pipe' : 'ignore', errors],
    });
    if (typeof errors === 'number') closeSync(errors);
    this.process = child;
    running.add(child);
    this.exited = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => {
        running.delete(child);
        resolve(code ?? undefined);
      });
    });
  }

  /** The process id; taskset becomes the program, so it is the program's. */
  get pid(): number {
    return this.process.pid ?? 0;
  }

  /** Everything that it writes until it ends. @throws when it ends with an error */
  async output(): Promise<string> {
    let text = '';
    this.process.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    const code = await this.exited;
    if (code !== 0) throw new Error(`${this.process.spawnargs.join(' ')} ended with ${code}: ${text}`);
    return text;
  }

  /** The first line that it writes. */
  firstLine(): Promise<string> {
    return new Promise((resolve, reject) => {
      let text = '';
      this.process.stdout?.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        const end = text.indexOf('\n');
        if (end !== -1) resolve(text.slice(0, end));
      });
      this.exited.then(() => reject(new Error(`${this.process.spawnargs.join(' ')} ended early`)), reject);
    });
  }

  /** Asks for its end, and insists after three seconds. */
  async stop(): Promise<void> {
    this.process.kill('SIGTERM');
    const insist = setTimeout(() => this.process.kill('SIGKILL'), 3_000);
    await this.exited;
    clearTimeout(insist);
  }
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Waits until a port is listened on. @throws after ten seconds */
export async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('connect', () => resolve(true));
      socket.on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (open) return;
    await sleep(10);
  }
  throw new Error(`nothing listens on port ${port}`);
}
