import { PassThrough, Writable } from 'node:stream';
import type { CliContext } from '../../src/cli/context.ts';

/** A context that a test can read and signal. */
export interface Console {
  readonly context: CliContext;
  readonly out: () => string;
  readonly err: () => string;
  /** Sends a signal to the command. */
  readonly signal: (name: 'SIGINT' | 'SIGTERM') => void;
  /** Resolves once stdout contains the text. */
  readonly says: (text: string) => Promise<void>;
}

/** A command's surroundings without a process. */
export function testConsole(argv: readonly string[], env: CliContext['env'] = {}): Console {
  const listeners = new Map<string, (() => void)[]>();
  const texts = { out: '', err: '' };
  let wake = (): void => {};
  const stream = (name: 'out' | 'err'): Writable =>
    new Writable({
      write: (chunk, _encoding, done) => {
        texts[name] += String(chunk);
        wake();
        done();
      },
    });
  const context: CliContext = {
    argv,
    env,
    cwd: process.cwd(),
    home: undefined,
    version: '0.0.0',
    nodeVersion: '20.20.2',
    stdin: new PassThrough(),
    stdout: stream('out'),
    stderr: stream('err'),
    isTerminal: false,
    onSignal: (name, listener) => listeners.set(name, [...(listeners.get(name) ?? []), listener]),
  };
  return {
    context,
    out: () => texts.out,
    err: () => texts.err,
    signal: (name) => {
      for (const listener of listeners.get(name) ?? []) listener();
    },
    says: async (text) => {
      while (!texts.out.includes(text)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
