import type { CommandEntry, Option } from './options.ts';
import { commands } from './options.ts';
import { wrap } from './wrap.ts';

function line(left: string, doc: string): string {
  const indent = 34;
  const head = `  ${left}`;
  const gap = head.length + 2 > indent ? `\n${' '.repeat(indent)}` : ' '.repeat(indent - head.length);
  return `${head}${gap}${wrap(doc, indent)}`;
}

function optionLine({ name, value: written, doc: sentence, setting }: Option): string {
  const isLong = written !== undefined && written.length > 50;
  const value = isLong ? 'WORD' : written;
  const doc = isLong ? `${sentence} One of ${written.replaceAll('|', ', ')}.` : sentence;
  const fallback = setting?.defaultText === undefined ? '' : ` (${setting.defaultText})`;
  const variable = setting === undefined ? '' : ` $${setting.variable}${setting.secret ? '_FILE' : ''}`;
  const text = `${doc.replaceAll('`', '')}${fallback}${variable}`;
  // Many words would not fit beside the name of the option.
  if (value?.includes('|') && value.length > 60) {
    return line(`--${name} WORD`, `${text} WORD is one of ${value.replaceAll('|', ', ')}.`);
  }
  return line(`--${name}${value === undefined ? '' : ` ${value}`}`, text);
}

/** What `bearerd --help` prints. */
export function generalHelp(): string {
  return [
    'bearerd: plain requests in, bearer tokens on them, 401 codes explained.',
    '',
    'Usage: bearerd COMMAND [OPTION…]',
    '',
    'Commands:',
    ...commands.map(({ name, operands, doc }) => line(`${name} ${operands}`.trim(), doc)),
    '',
    line('--help', 'Show this help; bearerd COMMAND --help shows the options of a command.'),
    line('--version', 'Show the version.'),
    '',
    'Example:',
    '  bearerd run --upstream https://acme.collibra.com --preset collibra \\',
    '      --token-endpoint https://idp.example.com/oauth2/token --client-id my-app --client-secret-file ./secret',
    '',
  ].join('\n');
}

/** What `bearerd COMMAND --help` prints. */
export function commandHelp(command: CommandEntry): string {
  const shown = command.options.filter(({ refused }) => refused !== true);
  const groups: [string, readonly Option[]][] = [
    ['Options', shown.filter(({ setting }) => setting === undefined)],
    ['The proxy', shown.filter(({ setting }) => setting?.scope === 'top')],
    ['The route (with several routes: in the file)', shown.filter(({ setting }) => setting?.scope === 'route')],
    ['The credential (with several: in the file)', shown.filter(({ setting }) => setting?.scope === 'credential')],
  ];
  const options = command.operands.includes('[OPTION…]') ? '' : '[OPTION…]';
  const usage = ['bearerd', command.name, command.operands, options].filter((word) => word !== '').join(' ');
  const sections = groups.flatMap(([title, options]) =>
    options.length === 0 ? [] : ['', `${title}:`, ...options.map(optionLine)],
  );
  return [wrap(command.doc, 0), '', `Usage: ${usage}`, ...sections, ''].join('\n');
}
