import { parseArgs } from 'node:util';
import type { Emulator } from '../emulator/emulator.ts';
import type { CliContext } from './context.ts';
import { commonFlags, type Flag, FlagValues, kinds, UsageError } from './emulated-services.ts';

/**
 * `bearerd emulate idp|collibra|collaborate`: one emulator, until a signal.
 * @returns 0 after a signal, 1 when it cannot listen, 2 when the command line is wrong.
 */
export async function emulate(context: CliContext): Promise<number> {
  const [name = '', ...rest] = context.argv;
  if (name === '--help' || name === '-h') return say(context.stdout, usage(), 0);
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (kind === undefined)
    return say(context.stderr, `bearerd emulate: name one of ${Object.keys(kinds).join(', ')}\n${usage()}`, 2);
  const stopped = new Promise<void>((resolve) => {
    context.onSignal('SIGINT', resolve);
    context.onSignal('SIGTERM', resolve);
  });
  try {
    const { values, json, help } = parse(rest, { ...commonFlags, ...kind.flags });
    if (help) return say(context.stdout, usage(name), 0);
    const { emulator, facts, lines } = await kind.start(new FlagValues(values), context);
    try {
      if (values['faults'] !== undefined) await setFaults(emulator, values['faults']);
      const all = { url: emulator.url, ...facts };
      say(context.stdout, json ? JSON.stringify(all) : account(kind.title, emulator.url, all, lines), 0);
      await stopped;
    } finally {
      await emulator.close();
    }
    return 0;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error instanceof UsageError)
      return say(context.stderr, `bearerd emulate ${name}: ${error.message}\n${usage(name)}`, 2);
    return say(
      context.stderr,
      `bearerd emulate ${name}: cannot start: ${error.message}; choose another --host or --port`,
      1,
    );
  }
}

async function setFaults(emulator: Emulator, text: string): Promise<void> {
  try {
    await emulator.faults.applyJson(text);
  } catch (error) {
    throw new UsageError(`--faults: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parse(
  argv: readonly string[],
  flags: Readonly<Record<string, Flag>>,
): { values: Record<string, string | undefined>; json: boolean; help: boolean } {
  const strings = Object.keys(flags).map((flag) => [flag, { type: 'string' as const }] as const);
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { ...Object.fromEntries(strings), json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    });
    const { json, help, ...others } = values;
    const texts = Object.entries(others).map(([flag, value]) => [flag, typeof value === 'string' ? value : undefined]);
    return { values: Object.fromEntries(texts), json: json === true, help: help === true };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function account(
  title: string,
  url: string,
  facts: Readonly<Record<string, string>>,
  lines: readonly string[],
): string {
  const origin = new URL(url).origin;
  const fault = `curl -H 'Content-Type: application/json' -d '{"status":429,"retryAfterSeconds":5,"times":1}' ${origin}/__faults`;
  return [
    `Emulated ${title}, until Ctrl-C`,
    ...Object.entries(facts).map(([name, value]) => `  ${name.padEnd(14)} ${value}`),
    'To copy:',
    ...[...lines, fault, `curl ${origin}/__stats`].map((line) => `  ${line}`),
  ].join('\n');
}

function usage(only?: string): string {
  const shown = Object.entries(kinds).filter(([name]) => only === undefined || name === only);
  const row = ([flag, { form, doc }]: [string, Flag]): string => `  ${`--${flag} ${form}`.padEnd(26)} ${doc}`;
  return [
    `Usage: bearerd emulate ${only ?? Object.keys(kinds).join('|')} [flags]`,
    ...shown.flatMap(([name, { flags }]) => [`${name}:`, ...Object.entries(flags).map(row)]),
    'all:',
    ...Object.entries(commonFlags).map(row),
    `  ${'--json'.padEnd(26)} print the addresses as JSON`,
  ].join('\n');
}

function say(stream: NodeJS.WritableStream, text: string, code: number): number {
  stream.write(`${text}\n`);
  return code;
}
