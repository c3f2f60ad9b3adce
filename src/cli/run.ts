import { systemClock } from '../clock.ts';
import { ConfigurationError } from '../config/configuration-error.ts';
import { formatProblem } from '../config/input.ts';
import { loadConfig } from '../config/load.ts';
import { providers } from '../provider/index.ts';
import type { Command } from './context.ts';
import { invocation } from './invocation.ts';
import { serve } from './serve.ts';

/** `bearerd run`: reads the configuration and serves until a signal. */
export const run: Command = async (context) => {
  const line = invocation('run', context);
  if (typeof line === 'number') return line;
  const { env, cwd, home, stderr } = context;
  const file = typeof line.options['config'] === 'string' ? line.options['config'] : undefined;
  try {
    const load = () => loadConfig({ file, env, flags: line.flags, cwd, home, providers });
    const readMs = systemClock.nowMs();
    const first = load();
    for (const warning of first.warnings) stderr.write(`bearerd: warning: ${formatProblem(warning)}\n`);
    return await serve(first, readMs, load, context);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    for (const problem of error.problems) stderr.write(`${formatProblem(problem)}\n`);
    return 2;
  }
};
