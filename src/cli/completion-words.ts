import { type CommandEntry, commands, type Option } from './options.ts';

/** What may stand behind an option: nothing, a file, one of these words, or something that nobody can guess. */
export type CompletedValue = 'none' | 'file' | 'any' | readonly string[];

/** An option as shells complete it. */
export interface CompletedOption {
  /** With its hyphens. */
  readonly name: string;
  /** One line without the marks of the reference. */
  readonly doc: string;
  readonly value: CompletedValue;
}

/** A command as shells complete it. */
export interface CompletedCommand {
  readonly name: string;
  readonly doc: string;
  readonly options: readonly CompletedOption[];
  /** Words that the first operand may be. */
  readonly choices: readonly string[];
  /** Behind `--` another program begins. */
  readonly runsProgram: boolean;
}

/** Everything that can be completed, from the one table of options. */
export function completedCommands(): readonly CompletedCommand[] {
  return commands.map(({ name, doc, operands, choices = [], options }: CommandEntry) => ({
    name,
    doc: plain(doc),
    options: options.filter(({ refused }) => refused !== true).flatMap(completedOption),
    choices,
    runsProgram: operands.includes('-- CMD'),
  }));
}

/** A switch that is on by itself can be switched off. */
function completedOption({ name, value, doc, setting }: Option): CompletedOption[] {
  const option = { name: `--${name}`, doc: plain(doc), value: completedValue(value) };
  if (setting?.boolean !== true || setting.defaultText !== 'true') return [option];
  return [option, { ...option, name: `--no-${name}`, doc: `Not: ${option.doc}` }];
}

function completedValue(written: string | undefined): CompletedValue {
  if (written === undefined) return 'none';
  if (written.includes('|')) return written.replace(/,…$/, '').split('|');
  return /^(?:FILE|PATH)(?:,…)?$/.test(written) ? 'file' : 'any';
}

function plain(doc: string): string {
  return doc.replaceAll('`', '').replaceAll(/\s+/g, ' ');
}
