import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { complain, type Origin, type ParseContext } from './input.ts';

/** A configuration file that was read. */
export interface FoundFile {
  /** As messages name it: as the user wrote it. */
  readonly name: string;
  readonly text: string;
}

/**
 * Reads the file of `--config`, else `BEARERD_CONFIG`, else ./bearerd.yaml, else $XDG_CONFIG_HOME/bearerd/config.yaml
 * (~/.config where the variable is not set); undefined = there is none, or a problem was added.
 */
export function findFile(
  file: string | undefined,
  home: string | undefined,
  context: ParseContext,
): FoundFile | undefined {
  const { env, cwd } = context;
  const chosen: { name: string; origin: Origin } | undefined = file
    ? { name: file, origin: { kind: 'flag', name: '--config' } }
    : env['BEARERD_CONFIG']
      ? { name: env['BEARERD_CONFIG'], origin: { kind: 'environment', name: 'BEARERD_CONFIG' } }
      : undefined;
  const folder = env['XDG_CONFIG_HOME'] || (home === undefined ? undefined : join(home, '.config'));
  const usual = ['bearerd.yaml', ...(folder === undefined ? [] : [join(folder, 'bearerd', 'config.yaml')])];
  const name = chosen?.name ?? usual.find((one) => existsSync(resolve(cwd, one)));
  if (name === undefined) return undefined;
  const path = resolve(cwd, name);
  context.files?.push(path);
  try {
    return { name, text: readFileSync(path, 'utf8') };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    const origin = chosen?.origin ?? { kind: 'file', file: name, line: 1, column: 1 };
    complain(context, origin, '', `the configuration file ${name} ${why}`, 'name a file that can be read');
    return undefined;
  }
}
