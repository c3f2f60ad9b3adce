import { effectiveOptions, effectiveYaml } from '../config/effective.ts';
import { redact } from '../config/redaction.ts';
import type { CommandLine } from './command-line.ts';
import { configurationFor } from './configuration.ts';
import type { CliContext } from './context.ts';

/** `bearerd config print [--why] [--json]`: the configuration in force, without secrets. @returns 0, or 2 for a wrong one */
export function configPrint(line: CommandLine, context: CliContext): number {
  const loaded = configurationFor(context, line);
  if (loaded === undefined) return 2;
  const options = effectiveOptions(loaded);
  const names = loaded.config.credentials.map(({ name }) => name);
  const text =
    line.options['json'] === true
      ? `${JSON.stringify(options, null, 2)}\n`
      : effectiveYaml(options, names, line.options['why'] === true);
  context.stdout.write(redact(text));
  return 0;
}
