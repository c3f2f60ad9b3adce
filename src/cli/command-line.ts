import { parseArgs } from 'node:util';
import { nearestName } from '../config/nearest-name.ts';
import type { CommandEntry, Option } from './options.ts';

/** What a command line says. */
export interface CommandLine {
  /** The command's own options. */
  readonly options: Readonly<Record<string, string | boolean>>;
  /** The flags of the configuration, for loadConfig. */
  readonly flags: Readonly<Record<string, string | boolean>>;
  readonly operands: readonly string[];
  /** What is wrong with it, one sentence each; empty = nothing. */
  readonly problems: readonly string[];
}

/**
 * Parses the words after a command's name. A list may be given by several flags, everything else once; switches take
 * `--no-…` and `=true`, `=false`.
 */
export function parseCommandLine(command: CommandEntry, argv: readonly string[]): CommandLine {
  const byName = new Map(command.options.map((option) => [option.name, option]));
  const { tokens } = parseArgs({
    args: [...argv],
    options: {
      ...Object.fromEntries(
        command.options.map(({ name, value }) => [name, { type: value === undefined ? 'boolean' : 'string' } as const]),
      ),
      help: { type: 'boolean', short: 'h' },
    },
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const options: Record<string, string | boolean> = {};
  const flags: Record<string, string | boolean> = {};
  const operands: string[] = [];
  const problems: string[] = [];
  // The word after an unknown option is its value, and perhaps a secret: it is not shown.
  let afterUnknown = false;
  for (const token of tokens) {
    if (token.kind === 'positional' && !afterUnknown) operands.push(token.value);
    afterUnknown = false;
    if (token.kind !== 'option') continue;
    const negated =
      !byName.has(token.name) && token.name.startsWith('no-') ? byName.get(token.name.slice(3)) : undefined;
    const option = byName.get(token.name) ?? (negated?.value === undefined ? negated : undefined);
    if (option === undefined) {
      const near = nearestName(token.name, byName.keys());
      const hint = near === undefined ? `bearerd ${command.name} --help lists them` : `did you mean --${near}?`;
      problems.push(`${token.rawName} is not an option of ${command.name}; ${hint}`);
      afterUnknown = token.value === undefined;
      continue;
    }
    const value = readValue(option, token.value, token.inlineValue === true, negated !== undefined, byName, problems);
    if (value === undefined) continue;
    const target = option.setting === undefined ? options : flags;
    const before = target[option.name];
    if (before !== undefined && option.setting?.item !== undefined) target[option.name] = `${before},${value}`;
    else if (before !== undefined) problems.push(`--${option.name} is given twice; keep one of them`);
    else target[option.name] = value;
  }
  checkOperands(command, operands, options['help'] === true, problems);
  return { options, flags, operands, problems };
}

function readValue(
  option: Option,
  value: string | undefined,
  inline: boolean,
  negated: boolean,
  known: ReadonlyMap<string, Option>,
  problems: string[],
): string | boolean | undefined {
  if (option.value === undefined) {
    if (value === undefined) return !negated;
    if (!negated && (value === 'true' || value === 'false')) return value === 'true';
    problems.push(`--${option.name} takes no value; write --${option.name} or --no-${option.name}`);
    return undefined;
  }
  const isNext = !inline && value?.startsWith('--') === true && known.has(value.slice(2).replace(/=.*$/s, ''));
  if (value !== undefined && value !== '' && !isNext) return value;
  problems.push(`--${option.name} needs a value; write --${option.name} ${option.value}`);
  return undefined;
}

function checkOperands(
  { name, choices, optional, operands: usage }: CommandEntry,
  operands: readonly string[],
  helps: boolean,
  problems: string[],
): void {
  const [first, ...more] = operands;
  const surplus = choices === undefined && optional === undefined ? first : more[0];
  if (surplus !== undefined)
    problems.push(`'${surplus}' is one word too many; ${name} takes ${usage === '' ? 'only options' : usage}`);
  if (choices === undefined || helps || (first !== undefined && choices.includes(first))) return;
  const near = first === undefined ? undefined : nearestName(first, choices);
  const hint = near === undefined ? `write bearerd ${name} ${usage}` : `did you mean ${near}?`;
  problems.push(first === undefined ? `a word is missing; ${hint}` : `'${first}' is not known to ${name}; ${hint}`);
}
