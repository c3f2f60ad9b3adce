import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { repository } from './bearerd-process.ts';
import { shellCommands } from './shell-blocks.ts';

/** How a kind of command is run: what it looks like, and what a reader does with it, given the groups of the form. */
export type CommandKind = readonly [
  form: RegExp,
  run: (t: Test, words: readonly (string | undefined)[], command: string) => unknown,
];

/**
 * Makes a test of each command of a page, in order; a command of no kind is a failure. `test/docs/every-block.test.ts` knows
 * by this call that somebody runs the page, so the page is written out in it.
 * @param page from the top of the repository, `docs/sidecar.md`
 */
export function runCommandsOf(page: string, kinds: readonly CommandKind[]): void {
  for (const { line, command } of shellCommands(readFileSync(join(repository, page), 'utf8'))) {
    t.test(`${page}:${line}: ${command}`, async (t) => {
      const kind = kinds.find(([form]) => form.test(command));
      if (kind === undefined) throw new Error(`${page}:${line}: say in this file how this is run: ${command}`);
      const [form, run] = kind;
      await run(t, form.exec(command)?.slice(1) ?? [], command);
    });
  }
}
