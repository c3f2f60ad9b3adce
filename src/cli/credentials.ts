import { Tally } from '../admin/tally.ts';
import { TokenHistory } from '../admin/token-history.ts';
import { buildCredentials, type Credential, closeCredential } from '../app/credentials.ts';
import { systemClock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { BatchedLog } from '../log.ts';
import { createTokenCache } from '../token/token-cache.ts';
import { TokenSharing } from '../token-cache/token-sharing.ts';
import type { CommandLine } from './command-line.ts';
import type { CliContext } from './context.ts';
import { openLog } from './serve.ts';

/**
 * The credentials that routes use, by name, for a command that asks for a token and ends; afterwards they are closed.
 * @param shares a token that `tokens.cache` has will do, and a new one is put there
 * @returns what `use` returns
 */
export async function withCredentials<T>(
  config: Config,
  log: BatchedLog,
  shares: boolean,
  use: (credentials: ReadonlyMap<string, Credential>) => Promise<T>,
): Promise<T> {
  const sharing = new TokenSharing({ clock: systemClock, random: Math.random, log });
  if (shares) sharing.use(config.tokens.cache);
  const credentials = buildCredentials(
    config,
    {
      clock: systemClock,
      random: Math.random,
      log,
      tally: new Tally(systemClock.nowMs()),
      history: new TokenHistory(),
      cache: createTokenCache(config.credentials.length),
      sharing,
    },
    new Map(),
  );
  try {
    return await use(credentials);
  } finally {
    await Promise.all([...new Set(credentials.values())].map(closeCredential));
    await sharing.close();
    log.flush();
  }
}

/** The log of a command that tells what happened itself: silent on stderr, unless a level is asked for by flag or variable. */
export function quietLog(config: Config, { flags }: CommandLine, context: CliContext): Promise<BatchedLog> {
  const asked = flags['log-level'] !== undefined || (context.env['BEARERD_LOG_LEVEL'] ?? '') !== '';
  return openLog(asked ? config.log : { ...config.log, level: 'silent' }, context);
}
