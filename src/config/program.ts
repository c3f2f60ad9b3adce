import { type ChildProcess, spawn } from 'node:child_process';

type Environment = Readonly<Record<string, string | undefined>>;

/** Bytes of standard output that a token may be made of; of standard error the last ones are kept. */
const mostOutput = 1024 * 1024;
const mostComplaint = 16 * 1024;

/** How one run ended. */
export interface ProgramResult {
  /** What it printed, as UTF-8. */
  readonly stdout: string;
  /** The end of what it wrote to its standard error. */
  readonly stderr: string;
  /** What went wrong: `ended with exit code 1`, `did not end within 10 s`; undefined = nothing. */
  readonly failure: string | undefined;
}

/** How one run is limited. */
export interface ProgramLimits {
  readonly timeoutMs: number;
  /** Ends the run at once. */
  readonly signal: AbortSignal;
  /** Environment variables besides those of bearerd. */
  readonly env?: Environment;
}

/** A program of the user's with its arguments; a string without shell is never made of it. */
export class Program {
  /** The program and its arguments. */
  readonly argv: readonly string[];
  /** The folder it runs in, absolute. */
  readonly cwd: string;
  readonly #env: Environment;

  constructor(argv: readonly string[], cwd: string, env: Environment) {
    this.argv = argv;
    this.cwd = cwd;
    this.#env = env;
  }

  /** Its name for messages; arguments may be private. */
  get name(): string {
    return this.argv[0] ?? '';
  }

  /**
   * Runs it once, without standard input. It is the head of a process group of its own, which is killed as a whole when
   * the time is over or the run is given up: a shell's children would live on otherwise. Never rejects.
   */
  run({ timeoutMs, signal, env = {} }: ProgramLimits): Promise<ProgramResult> {
    const [command = '', ...rest] = this.argv;
    return new Promise((resolve) => {
      const stdout: Buffer[] = [];
      let stderr = Buffer.alloc(0);
      let size = 0;
      let failure: string | undefined;
      const child = spawn(command, rest, {
        cwd: this.cwd,
        env: { ...this.#env, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      });
      const giveUp = (why: string): void => {
        failure ??= why;
        killGroup(child);
      };
      const abort = (): void => giveUp('was given up');
      const timer = setTimeout(() => giveUp(`did not end within ${timeoutMs / 1000} s`), timeoutMs);
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
      const end = (why: string | undefined): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        resolve({
          stdout: Buffer.concat(stdout).toString('utf8'),
          stderr: stderr.toString('utf8'),
          failure: failure ?? why,
        });
      };
      child.stdout.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= mostOutput) stdout.push(chunk);
        else giveUp('printed more than 1 MiB');
      });
      child.stderr.on('data', (chunk: Buffer) => {
        stderr = Buffer.concat([stderr, chunk]).subarray(-mostComplaint);
      });
      child.on('error', (error) => {
        const code = 'code' in error ? String(error.code) : 'unknown reason';
        end(code === 'ENOENT' ? 'does not exist, or its folder does not' : `could not be run (${code})`);
      });
      // A child of the child may hold the pipes open: what it printed until it ended counts.
      child.on('exit', (code, killedBy) => {
        const why =
          code === 0 ? undefined : code === null ? `was ended by ${killedBy}` : `ended with exit code ${code}`;
        setTimeout(() => {
          child.stdout.destroy();
          child.stderr.destroy();
        }, 200).unref();
        child.on('close', () => end(why));
      });
    });
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
