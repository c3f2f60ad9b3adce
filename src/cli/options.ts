import { allSettings, type Setting } from '../config/setting-names.ts';
import { providers } from '../provider/index.ts';

/** One option of a command. */
export interface Option {
  /** Without the hyphens in front. */
  readonly name: string;
  /** What stands for the value in the help; undefined = a switch without value. */
  readonly value: string | undefined;
  readonly doc: string;
  /** The option of the configuration that it sets. */
  readonly setting?: Setting;
  /** Parsed only to be refused with a better message than "unknown". */
  readonly refused?: true;
}

/** A command, as its help shows it. */
export interface CommandEntry {
  readonly name: string;
  readonly doc: string;
  /** After the name: `-- CMD ARG…`; with `[OPTION…]` in it where options do not come last. */
  readonly operands: string;
  /** Words that the first operand may be; undefined = no operands. */
  readonly choices?: readonly string[];
  /** One operand of any name may be given. */
  readonly optional?: true;
  readonly options: readonly Option[];
}

const file: Option = {
  name: 'config',
  value: 'FILE',
  doc: 'Configuration file; else $BEARERD_CONFIG, ./bearerd.yaml, $XDG_CONFIG_HOME/bearerd/config.yaml.',
};
const help: Option = { name: 'help', value: undefined, doc: 'Show this help.' };
const json: Option = { name: 'json', value: undefined, doc: 'Print facts as JSON.' };
const port: Option = { name: 'port', value: 'N', doc: 'Port to listen on; 0 = any free one.' };

/** The flags of the configuration: the same names as its variables, in kebab case; secrets only as files. */
const settingOptions: readonly Option[] = allSettings(providers).flatMap((setting): Option[] => {
  const { flag, doc, secret, boolean, type, item } = setting;
  const value = boolean ? undefined : item === undefined ? valueName(type) : `${valueName(item)},…`;
  if (!secret) return [{ name: flag, value, doc, setting }];
  return [
    { name: `${flag}-file`, value: 'PATH', doc, setting },
    { name: flag, value: 'SECRET', doc: '', setting, refused: true },
  ];
});

/** Where the admin listener is: all that is needed to ask it. */
const adminOption = settingOptions.filter(({ setting }) => setting?.flag === 'admin');

/** What stands for a value: `DURATION`, `NAME=VALUE,…`, or the words to choose from. */
function valueName(type: string): string {
  if (type.includes(' | ')) return type.replaceAll(' | ', '|');
  if (type.startsWith('names with ')) return 'NAME=VALUE,…';
  return type === 'string' ? 'TEXT' : (type.split(' ')[0] ?? type).toUpperCase();
}

/** What a first configuration needs. */
export const initFlags: readonly string[] = [
  'upstream',
  'preset',
  'token-endpoint',
  'client-id',
  'client-secret-file',
  'key',
  'secret-file',
];

/** Every command with its options: the one table for parsing and for the help. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'run',
    doc: 'Start the proxy; also plain bearerd with flags.',
    operands: '',
    options: [file, ...settingOptions, help],
  },
  {
    name: 'demo',
    doc: 'Emulated identity provider, Collibra and Collaborate with the real proxy; no accounts needed.',
    operands: '',
    options: [
      { ...port, doc: 'Port of the proxy; 0 = any free one.' },
      { name: 'once', value: undefined, doc: 'Run a scripted tour, print what happened, exit.' },
      help,
    ],
  },
  {
    name: 'check',
    doc: 'Validate the whole configuration and print every problem with its line and cure.',
    operands: '',
    options: [
      {
        name: 'online',
        value: undefined,
        doc: "Also get a token per credential and make each route's probe request.",
      },
      file,
      json,
      ...settingOptions,
      help,
    ],
  },
  {
    name: 'doctor',
    doc: 'Say why a token is or would be refused: one route, or all; the findings, the likeliest first.',
    operands: '[ROUTE]',
    optional: true,
    options: [
      {
        name: 'token-stdin',
        value: undefined,
        doc: 'Examine the token on standard input instead; it is sent nowhere.',
      },
      file,
      json,
      ...settingOptions,
      help,
    ],
  },
  {
    name: 'token',
    doc: 'Print a token for tools that cannot be proxied; on a terminal its decoded sections, unless --raw.',
    operands: '[CREDENTIAL]',
    optional: true,
    options: [
      { name: 'raw', value: undefined, doc: 'The token alone; what a pipe gets by default.' },
      { name: 'decode', value: undefined, doc: 'Header and claims; what a terminal gets by default.' },
      { name: 'header', value: undefined, doc: 'A line for HTTP clients: Authorization: Bearer …' },
      { ...json, doc: 'Token, expiry, header and claims as JSON.' },
      file,
      // jwt-bearer has a key of this name; here the word means the line of an HTTP request
      ...settingOptions.filter(({ name }) => name !== 'header'),
      help,
    ],
  },
  {
    name: 'init',
    doc: 'Write a commented configuration file; on a terminal it asks for what is not given.',
    operands: '',
    options: [
      { name: 'output', value: 'FILE', doc: 'File to write (bearerd.yaml); an existing one is never overwritten.' },
      ...settingOptions.filter(({ name }) => initFlags.includes(name)),
      help,
    ],
  },
  {
    name: 'emulate',
    doc: 'Start one emulator alone, for compose files and tests.',
    operands: 'idp|collibra|collaborate',
    choices: ['idp', 'collibra', 'collaborate'],
    options: [
      port,
      { name: 'host', value: 'ADDRESS', doc: 'Address to listen on; 127.0.0.1 by default.' },
      json,
      { ...help, doc: 'Show the options of each emulator.' },
    ],
  },
  {
    name: 'exec',
    doc: 'Start the proxy on a free port and run CMD with $BEARERD_URL (per route $BEARERD_URL_<NAME>); exit with its code.',
    operands: '[OPTION…] -- CMD ARG…',
    options: [
      file,
      ...settingOptions.filter(({ setting }) => setting?.flag !== 'listen' && setting?.flag !== 'admin'),
      help,
    ],
  },
  {
    name: 'healthcheck',
    doc: 'Ask the bearerd with the same configuration and environment whether it is alive: exit 0 or 1.',
    operands: '',
    options: [{ name: 'ready', value: undefined, doc: 'Ask whether it is ready instead.' }, file, ...adminOption, help],
  },
  {
    name: 'wait',
    doc: 'Block until the bearerd with the same configuration and environment is ready: exit 0, or 1 after the time-out.',
    operands: '',
    options: [{ name: 'timeout', value: 'DURATION', doc: 'How long to wait (30s).' }, file, ...adminOption, help],
  },
  {
    name: 'config',
    doc: 'print: show the configuration in force, without secrets. schema: print its JSON Schema.',
    operands: 'print|schema',
    choices: ['print', 'schema'],
    options: [
      { name: 'why', value: undefined, doc: 'print: say where each value comes from.' },
      { ...json, doc: 'print: as JSON, with the origin of each value.' },
      file,
      ...settingOptions,
      help,
    ],
  },
  {
    name: 'completion',
    doc: 'Print a script that completes commands, options and their values: source <(bearerd completion bash)',
    operands: 'bash|zsh',
    choices: ['bash', 'zsh'],
    options: [help],
  },
];

/** The entry of a command; it is a mistake in this program to ask for another. */
export function commandEntry(name: string): CommandEntry {
  const found = commands.find((command) => command.name === name);
  if (found === undefined) throw new Error(`no command ${name}`);
  return found;
}
