import { bashCompletion } from './completion-bash.ts';
import { completedCommands } from './completion-words.ts';
import { zshCompletion } from './completion-zsh.ts';
import type { Command } from './context.ts';
import { invocation } from './invocation.ts';

/** `bearerd completion bash|zsh` prints a script that completes commands, options and their values. */
export const completion: Command = async (context) => {
  const line = invocation('completion', context);
  if (typeof line === 'number') return line;
  const script = line.operands[0] === 'zsh' ? zshCompletion : bashCompletion;
  context.stdout.write(script(completedCommands()));
  return 0;
};
