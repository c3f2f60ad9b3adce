import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';

/** The binary as it is shipped; this file is compiled to build/test/support. */
export const binary: string = fileURLToPath(new URL('../../bundle/main.js', import.meta.url));

/** The top folder of the repository. */
export const repository: string = fileURLToPath(new URL('../../..', import.meta.url));

/** Milliseconds that a start or an end may take before a test fails; generous, because the machine is shared. */
const patienceMs = 60_000;

/** No child outlives the test that started it, also when that ends with an error. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** How the binary is started. */
export interface Launch {
  /** The file that Node runs; default: the binary. */
  readonly program?: string;
  /** In place of Node and that file: a program which starts them. */
  readonly command?: readonly string[];
  /** Words after `node main.js`. */
  readonly words: readonly string[];
  /** Environment variables besides PATH and what the test runner needs. */
  readonly env?: Readonly<Record<string, string>>;
  /** Files written into the working folder first: name → text, or settings that are written as YAML. */
  readonly files?: Readonly<Record<string, string | object>>;
  /** Default: a new temporary folder with the files above, removed at the end. */
  readonly folder?: string;
  /** Listening sockets that it gets as descriptors 3, 4, …, as from systemd. */
  readonly sockets?: readonly Server[];
}

/** How a process ended. */
export interface Exit {
  /** undefined = ended by a signal. */
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
}

/** The binary as a child process in a folder of its own, with everything that it writes. */
export class BearerdProcess {
  readonly folder: string;
  /** Resolves when the process is gone and its output complete. */
  readonly exited: Promise<Exit>;
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  readonly #watchers = new Set<() => void>();
  #ended: Exit | undefined;

  constructor(launch: Launch) {
    const { program = binary, words, env, files, folder, sockets = [] } = launch;
    const { command = [process.execPath, program] } = launch;
    this.folder = folder ?? mkdtempSync(join(tmpdir(), 'bearerd-e2e-'));
    for (const [name, content] of Object.entries(files ?? {})) {
      const text = typeof content === 'string' ? content : stringify(content);
      writeFileSync(join(this.folder, name), text, { mode: 0o600 });
    }
    // without tap's hooks, which double the time of a start; a test that brings options of its own keeps both
    const bare = env?.['NODE_OPTIONS'] === undefined ? ['-u', 'NODE_OPTIONS'] : [];
    this.#child = spawn('env', [...bare, ...command, ...words], {
      cwd: this.folder,
      env: { ...inherited(this.folder), ...env },
      stdio: ['ignore', 'pipe', 'pipe', ...sockets.map(descriptorOf)],
    });
    running.add(this.#child);
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#read('stdout', chunk));
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#read('stderr', chunk));
    this.exited = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => {
        running.delete(this.#child);
        this.#ended = { code: code ?? undefined, signal: signal ?? undefined };
        if (folder === undefined) rmSync(this.folder, { recursive: true, force: true });
        resolve(this.#ended);
        this.#wake();
      });
    });
  }

  /** Everything that was written, on both streams. */
  get output(): string {
    return this.stdout + this.stderr;
  }

  /** Where the proxy listens; known after ready(). */
  get url(): string {
    return /^bearerd listens on (https?:\S+)$/m.exec(this.stdout)?.[1] ?? '';
  }

  /** Where the admin listener is; known after ready(). */
  get adminUrl(): string {
    return /^health and metrics on (http:\S+)$/m.exec(this.stdout)?.[1] ?? '';
  }

  /** Waits until both listeners are open. */
  async ready(): Promise<this> {
    await this.until(() => this.url !== '' && this.adminUrl !== '', 'its two listeners');
    return this;
  }

  /** Waits until the condition holds; it is looked at whenever something was written. Rejects when the process ends first. */
  until(condition: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`bearerd ${why} before ${what}; it wrote:\n${this.output}`));
      const timer = setTimeout(() => finish(() => fail(`waited ${patienceMs} ms`)), patienceMs);
      const look = () => {
        if (condition()) finish(resolve);
        else if (this.#ended !== undefined) finish(() => fail(`ended with ${JSON.stringify(this.#ended)}`));
      };
      const finish = (then: () => void) => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        then();
      };
      this.#watchers.add(look);
      look();
    });
  }

  /** The next lines of the log as objects; only with log.format json. */
  records(): Record<string, unknown>[] {
    return this.stderr
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** The process's id; undefined = it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  get running(): boolean {
    return this.#ended === undefined;
  }

  send(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Asks for a stop and waits for it; a process that ignores it is killed. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    if (this.#ended === undefined) this.send(signal);
    return this.ended();
  }

  /** Waits for the end; a process that does not end is killed, and its signal says so. */
  async ended(): Promise<Exit> {
    const timer = setTimeout(() => this.send('SIGKILL'), patienceMs);
    try {
      return await this.exited;
    } finally {
      clearTimeout(timer);
    }
  }

  #read(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    this[stream] += chunk.toString();
    this.#wake();
  }

  #wake(): void {
    for (const look of [...this.#watchers]) look();
  }
}

/** Node has no public name for it. */
function descriptorOf(server: Server): number {
  return (server as unknown as { readonly _handle: { readonly fd: number } })._handle.fd;
}

/** What becomes of a command that ends by itself. */
export interface Outcome {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. */
export async function runBearerd(launch: Launch): Promise<Outcome> {
  const child = new BearerdProcess(launch);
  const { code } = await child.ended();
  return { code, stdout: child.stdout, stderr: child.stderr };
}

/** How `bearerd run` is started: settings of a configuration file, both listeners on any free port. */
export interface Run extends Omit<Launch, 'words'> {
  /** Written as bearerd.yaml. */
  readonly config?: string | object;
  readonly flags?: readonly string[];
}

/** Starts `bearerd run` on free ports and waits until it listens. */
export function startBearerd(run: Run): Promise<BearerdProcess> {
  return launchBearerd(run).ready();
}

/** Starts `bearerd run` on free ports, not waiting for anything. */
export function launchBearerd({ config, flags = [], files, ...rest }: Run): BearerdProcess {
  return new BearerdProcess({
    ...rest,
    words: ['run', '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', ...flags],
    files: { ...files, ...(config === undefined ? {} : { 'bearerd.yaml': config }) },
  });
}

/** No configuration of the person who runs the tests may count; the test runner's own variables carry the coverage. */
function inherited(home: string): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) =>
    /^(PATH|NODE_.*|_?TAP.*|TMPDIR|LANG|SYSTEMROOT)$/i.test(name),
  );
  return { ...(Object.fromEntries(kept) as Record<string, string>), HOME: home };
}
