import { setTimeout as sleep } from 'node:timers/promises';
import { formatDuration, parseDuration } from '../config/quantity.ts';
import { adminPlace, type ProbeAnswer, probe } from './admin-probe.ts';
import type { Command } from './context.ts';
import { invocation } from './invocation.ts';

const intervalMs = 100;
const attemptMs = 2_000;
/** An attempt that had less time says nothing of bearerd when it is over. */
const tellingMs = 500;
const defaultTimeoutMs = 30_000;

/**
 * `bearerd wait [--timeout DURATION]`: blocks until the bearerd with this configuration and environment is ready.
 * @returns 0 ready, 1 not ready in time
 */
export const wait: Command = async (context) => {
  const line = invocation('wait', context);
  if (typeof line === 'number') return line === 0 ? 0 : 1;
  const written = line.options['timeout'];
  const timeoutMs = typeof written === 'string' ? parseDuration(written) : defaultTimeoutMs;
  if (timeoutMs === undefined) {
    context.stderr.write(`bearerd wait: --timeout ${written} is not a duration; write 500ms, 30s or 5m\n`);
    return 1;
  }
  const place = adminPlace(context, line);
  const start = performance.now();
  let words = '';
  for (;;) {
    const left = start + timeoutMs - performance.now();
    const answer: ProbeAnswer = await probe(place, '/readyz', Math.max(1, Math.ceil(Math.min(attemptMs, left))));
    if (answer.ok) return 0;
    if (words === '' || left >= tellingMs) ({ words } = answer);
    if (performance.now() - start + intervalMs > timeoutMs) {
      context.stderr.write(`bearerd wait: not ready after ${formatDuration(timeoutMs)}: ${words}\n`);
      return 1;
    }
    await sleep(intervalMs);
  }
};
