import { type CommandLine, parseCommandLine } from './command-line.ts';
import type { CliContext } from './context.ts';
import { commandHelp } from './help.ts';
import { commandEntry } from './options.ts';

/**
 * Reads a command's words; help and mistakes are dealt with here.
 * @returns the command line, or the exit code where there is nothing left to do
 */
export function invocation(name: string, context: CliContext): CommandLine | number {
  const command = commandEntry(name);
  const line = parseCommandLine(command, context.argv);
  if (line.options['help'] === true) {
    context.stdout.write(commandHelp(command));
    return 0;
  }
  for (const problem of line.problems) context.stderr.write(`bearerd ${name}: ${problem}\n`);
  return line.problems.length === 0 ? line : 2;
}
