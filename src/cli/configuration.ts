import { ConfigurationError } from '../config/configuration-error.ts';
import { formatProblem, type Problem } from '../config/input.ts';
import { type Loaded, loadConfig } from '../config/load.ts';
import { providers } from '../provider/index.ts';
import type { CommandLine } from './command-line.ts';
import type { CliContext } from './context.ts';

type Surroundings = Pick<CliContext, 'env' | 'cwd' | 'home'>;
type Words = Pick<CommandLine, 'options' | 'flags'>;

/** Reads the configuration that a command line asks for; the error has every problem. */
export function readConfiguration(
  { env, cwd, home }: Surroundings,
  { options, flags }: Words,
): Loaded | ConfigurationError {
  const file = typeof options['config'] === 'string' ? options['config'] : undefined;
  try {
    return loadConfig({ file, env, flags, cwd, home, providers });
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
}

/**
 * Reads the configuration that a command line asks for; problems and warnings go to stderr.
 * @param flags in place of those of the command line.
 * @returns undefined when it cannot be used: exit code 2
 */
export function configurationFor(
  context: Surroundings & Pick<CliContext, 'stderr'>,
  { options, flags: given }: Words,
  flags: CommandLine['flags'] = given,
): Loaded | undefined {
  const read = readConfiguration(context, { options, flags });
  if (!(read instanceof ConfigurationError)) {
    for (const warning of read.warnings) context.stderr.write(`bearerd: warning: ${formatProblem(warning)}\n`);
    return read;
  }
  writeProblems(read.problems, context.stderr);
  return undefined;
}

/** One line per problem, with its place and its cure. */
export function writeProblems(problems: readonly Problem[], stream: NodeJS.WritableStream): void {
  for (const problem of problems) stream.write(`${formatProblem(problem)}\n`);
}

/** The problems as facts for `--json`. */
export function problemFacts(problems: readonly Problem[]): readonly object[] {
  return problems.map(({ origin, path, problem, cure, severity }) => {
    const { kind: source, ...place } = origin;
    return { severity, source, ...place, path, problem, cure };
  });
}
