import { ConfigurationError } from '../config/configuration-error.ts';
import { formatProblem } from '../config/input.ts';
import { type Loaded, loadConfig } from '../config/load.ts';
import { providers } from '../provider/index.ts';
import type { CliContext } from './context.ts';
import type { CommandLine } from './options.ts';

/**
 * Reads the configuration that a command line asks for; problems and warnings go to stderr.
 * @param flags in place of those of the command line.
 * @returns undefined when it cannot be used: exit code 2
 */
export function configurationFor(
  { env, cwd, home, stderr }: Pick<CliContext, 'env' | 'cwd' | 'home' | 'stderr'>,
  { options, flags: given }: Pick<CommandLine, 'options' | 'flags'>,
  flags: CommandLine['flags'] = given,
): Loaded | undefined {
  const file = typeof options['config'] === 'string' ? options['config'] : undefined;
  try {
    const loaded = loadConfig({ file, env, flags, cwd, home, providers });
    for (const warning of loaded.warnings) stderr.write(`bearerd: warning: ${formatProblem(warning)}\n`);
    return loaded;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    for (const problem of error.problems) stderr.write(`${formatProblem(problem)}\n`);
    return undefined;
  }
}
