import { configSchema } from '../config/reference.ts';
import { providers } from '../provider/index.ts';
import { configPrint } from './config-print.ts';
import type { Command } from './context.ts';
import { invocation } from './invocation.ts';

/** `bearerd config schema` prints the JSON Schema of the configuration, `bearerd config print` the one in force. */
export const config: Command = async (context) => {
  const line = invocation('config', context);
  if (typeof line === 'number') return line;
  if (line.operands[0] === 'print') return configPrint(line, context);
  context.stdout.write(configSchema(providers));
  return 0;
};
