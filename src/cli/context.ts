/** The signals that a command may listen to. */
export type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** What a command may know of the process; main.ts makes it, tests make their own. */
export interface CliContext {
  /** The words after the command's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** The user's home folder; undefined where there is none. */
  readonly home: string | undefined;
  readonly stdin: NodeJS.ReadableStream;
  /** Of bearerd. */
  readonly version: string;
  readonly nodeVersion: string;
  /** Results. */
  readonly stdout: NodeJS.WritableStream;
  /** Progress and problems. */
  readonly stderr: NodeJS.WritableStream;
  /** stdout is a terminal. */
  readonly isTerminal: boolean;
  /**
   * Calls the listener for every signal of that name from now on; the process does not end by itself then. A second
   * SIGINT or SIGTERM ends it at once, unless `again` is `listen`.
   */
  readonly onSignal: (signal: Signal, listener: () => void, again?: 'end' | 'listen') => void;
}

/** A command; resolves with the exit code: 0 done, 1 failed at run time, 2 usage or configuration. */
export type Command = (context: CliContext) => Promise<number>;
