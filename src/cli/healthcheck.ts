import { adminPlace, probe } from './admin-probe.ts';
import type { Command } from './context.ts';
import { invocation } from './invocation.ts';

/** Less than what a HEALTHCHECK usually allows, so that the reason is told and not cut off. */
const timeoutMs = 2_000;

/**
 * `bearerd healthcheck [--ready]`: whether the bearerd with this configuration and environment is alive, or ready.
 * Nothing is printed when it is, so that the log of a health check stays short.
 * @returns 0 yes, 1 no
 */
export const healthcheck: Command = async (context) => {
  const line = invocation('healthcheck', context);
  // Docker keeps exit code 2 for itself
  if (typeof line === 'number') return line === 0 ? 0 : 1;
  const path = line.options['ready'] === true ? '/readyz' : '/livez';
  const { ok, words } = await probe(adminPlace(context, line), path, timeoutMs);
  if (!ok) context.stderr.write(`bearerd healthcheck: ${words}\n`);
  return ok ? 0 : 1;
};
