import { BearerdError } from '../errors.ts';
import { formatProblem, type Problem } from './input.ts';

/** A configuration that cannot be used; the message has one line per problem. */
export class ConfigurationError extends BearerdError {
  override readonly name: string = 'ConfigurationError';
  /** Errors and warnings, in the order of their places. */
  readonly problems: readonly Problem[];
  /** The files that it depends on, absolute; a change of one of them may mend it. */
  readonly files: readonly string[];

  constructor(problems: readonly Problem[], files: readonly string[] = []) {
    const errors = problems.filter(({ severity }) => severity === 'error');
    super('BEARERD_CONFIGURATION', errors.map(formatProblem).join('\n'));
    this.problems = problems;
    this.files = [...new Set(files)];
  }
}

/** By line within the file; what has no line comes after, in the order found. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  const rank = ({ origin }: Problem) =>
    origin.kind === 'file' ? origin.line * 10_000 + origin.column : Number.MAX_SAFE_INTEGER;
  return [...problems].sort((a, b) => rank(a) - rank(b));
}
