import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { CliContext } from './context.ts';

/** A question to the person at the terminal. */
export interface Question {
  readonly words: string;
  /** What an empty answer means; undefined = it is asked again. */
  readonly fallback?: string;
  /** What is typed is not shown. */
  readonly hidden?: true;
  /** Why an answer cannot be; undefined = it can. */
  readonly complaint?: (answer: string) => string | undefined;
}

/** Somebody to ask; close it at the end. */
export interface Dialogue {
  /** @throws Error when the input ends */
  readonly ask: (question: Question) => Promise<string>;
  readonly close: () => void;
}

/** Whether there is a person to ask. */
export function hasTerminal({ stdin, isTerminal }: CliContext): boolean {
  return isTerminal && 'isTTY' in stdin && stdin.isTTY === true;
}

/** Asks on stderr, because stdout is for results. */
export function openDialogue({ stdin, stderr }: CliContext): Dialogue {
  let muted = false;
  const output = new Writable({
    write: (chunk, _encoding, done) => {
      if (!muted) stderr.write(chunk);
      done();
    },
  });
  const reader = createInterface({ input: stdin, output, terminal: true, prompt: '' });
  // Lines are kept, because several may come at once where an answer is pasted.
  const lines: string[] = [];
  let waiting: ((line: string | undefined) => void) | undefined;
  let ended = false;
  reader.on('line', (line) => {
    if (waiting === undefined) lines.push(line);
    else waiting(line);
    waiting = undefined;
  });
  reader.on('SIGINT', () => reader.close());
  reader.once('close', () => {
    ended = true;
    waiting?.(undefined);
  });
  const nextLine = async (): Promise<string> => {
    const line =
      lines.shift() ??
      (ended
        ? undefined
        : await new Promise<string | undefined>((resolve) => {
            waiting = resolve;
          }));
    if (line === undefined) throw new Error('the input has ended');
    return line;
  };
  return {
    async ask({ words, fallback, hidden, complaint }) {
      for (;;) {
        stderr.write(`${words}${fallback ? ` [${fallback}]` : ''}: `);
        muted = hidden === true;
        const given = (await nextLine()).trim();
        if (muted) stderr.write('\n');
        muted = false;
        const answer = given === '' ? (fallback ?? '') : given;
        const wrong = answer === '' && fallback === undefined ? 'an answer is needed' : complaint?.(answer);
        if (wrong === undefined) return answer;
        stderr.write(`  ${wrong}\n`);
      }
    },
    close: () => reader.close(),
  };
}
