import { stringify } from 'yaml';
import { describeOrigin, type Input, type MapInput } from './input.ts';
import type { Loaded } from './load.ts';

/** A value that may be printed. */
export type Shown = string | number | boolean | null | readonly Shown[] | { readonly [name: string]: Shown };

/** An option of the configuration in force. */
export interface EffectiveOption {
  /** `routes[0].timeouts.connect`. */
  readonly path: string;
  readonly value: Shown;
  /** default, preset …, file:line:column, the name of the variable or flag. */
  readonly origin: string;
}

/** Names whose values are hidden in groups of the user's own names (request headers, form parameters). */
const telling = /secret|passw|token|key|auth|cookie|credential|assertion/i;

/**
 * Every option that has a value, in the order of the reference; of a secret only where it comes from, or how long it is.
 * Values that came out of `${NAME}` are shown but for groups of the user's own names, where nobody knows what they are.
 */
export function effectiveOptions({ seen, config }: Loaded): EffectiveOption[] {
  const found: EffectiveOption[] = [];
  const computed = computedValues(config);
  for (const { path, input, option } of seen) {
    if (found.some((before) => path.startsWith(`${before.path}[`))) continue; // part of a list that is shown as a whole
    if (input !== undefined) {
      const value = option.secret ? secretWords(input) : shown(input);
      found.push({ path, value, origin: originWords(input, option.secret) });
      continue;
    }
    const fallback = option.defaultText ?? computed.get(path);
    if (fallback !== undefined) found.push({ path, value: parsedDefault(fallback), origin: 'default' });
  }
  return found;
}

/** Names that bearerd gives where none is written. */
function computedValues({ routes }: Loaded['config']): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [index, { name, credential }] of routes.entries()) {
    values.set(`routes[${index}].name`, name).set(`routes[${index}].credential`, credential);
  }
  const [only] = routes;
  if (only !== undefined) values.set('name', only.name);
  return values;
}

/** A default is known as text; what looks like a list, a number or a switch is printed as one. */
function parsedDefault(text: string): Shown {
  if (text === 'true' || text === 'false') return text === 'true';
  if (/^\d+$/.test(text)) return Number(text);
  if (!text.startsWith('[')) return text;
  return text
    .slice(1, -1)
    .split(', ')
    .filter((item) => item !== '');
}

function shown(input: Input): Shown {
  if (input.kind === 'list') return input.items.map(shown);
  if (input.kind === 'map') return shownGroup(input);
  if (typeof input.value !== 'string') return input.value;
  if (!input.value.includes('-----BEGIN ')) return withoutUserPart(input.value);
  return `‹PEM text, ${input.value.length} characters›`;
}

function shownGroup({ entries }: MapInput): Shown {
  return Object.fromEntries(
    [...entries].map(([name, { value }]) => {
      const hidden =
        value.kind === 'scalar' &&
        typeof value.value === 'string' &&
        (telling.test(name) || value.shown !== value.value);
      return [name, hidden ? lengthWords(String(value.value)) : shown(value)];
    }),
  );
}

function secretWords(input: Input): string {
  if (input.kind === 'list') return input.items.map(secretWords).join(', ');
  if (input.kind === 'scalar') return lengthWords(String(input.value));
  const [[name, entry] = []] = input.kind === 'map' ? [...input.entries] : [];
  const value = entry?.value;
  if (name === 'file' && value?.kind === 'scalar') return `‹from file ${value.value}›`;
  if (name === 'env' && value?.kind === 'scalar') return `‹from environment variable ${value.value}›`;
  const [program] = value?.kind === 'list' ? value.items : [];
  return `‹from command ${program?.kind === 'scalar' ? program.value : ''}›`;
}

/** Of a URL (a proxy's), the user name and password by their length alone. */
function withoutUserPart(text: string): string {
  return text.replace(/^([a-z]+:\/\/)([^/?#]+)@/i, (_all, scheme, user) => `${scheme}${lengthWords(String(user))}@`);
}

function lengthWords(secret: string): string {
  return `‹set, ${[...secret].length} characters›`;
}

function originWords(input: Input, secret: boolean): string {
  const place = describeOrigin(input.origin);
  const replaced = input.kind === 'scalar' && !secret && input.shown !== String(input.value);
  return replaced && input.shown.includes('${') ? `${place}, ${withoutUserPart(input.shown)}` : place;
}

/** Nested groups and lists, from paths. */
type Tree = Map<string, Tree | EffectiveOption>;

/**
 * The options as YAML that could be a configuration file, but for the secrets.
 * @param credentials their names, which may have dots in them.
 * @param why adds where each value comes from.
 */
export function effectiveYaml(
  options: readonly EffectiveOption[],
  credentials: readonly string[],
  why: boolean,
): string {
  const root: Tree = new Map();
  for (const option of options) {
    const steps = stepsOf(option.path, credentials);
    let at = root;
    for (const step of steps.slice(0, -1)) {
      const next = at.get(step);
      const group: Tree = next instanceof Map ? next : new Map();
      at.set(step, group);
      at = group;
    }
    at.set(steps.at(-1) ?? '', option);
  }
  return `${linesOf(root, '', why).join('\n')}\n`;
}

/** `routes[0].path` → routes, 0, path. */
function stepsOf(path: string, credentials: readonly string[]): string[] {
  const name = credentials.find((one) => path.startsWith(`credentials.${one}.`));
  if (name !== undefined) return ['credentials', name, ...path.slice(`credentials.${name}.`.length).split('.')];
  return path.replaceAll(/\[(\d+)\]/g, '.$1').split('.');
}

function linesOf(tree: Tree, indent: string, why: boolean): string[] {
  return [...tree].flatMap(([name, node]) => {
    const isItem = /^\d+$/.test(name);
    if (!(node instanceof Map)) {
      const comment = why ? `  # ${node.origin}` : '';
      return [`${indent}${key(name)}: ${yamlOf(node.value)}${comment}`];
    }
    const inner = linesOf(node, `${indent}  `, why);
    if (!isItem) return [`${indent}${key(name)}:`, ...inner];
    return inner.map((line, index) => (index === 0 ? `${indent}- ${line.slice(indent.length + 2)}` : line));
  });
}

function key(name: string): string {
  return yamlOf(name);
}

function yamlOf(value: Shown): string {
  const style =
    typeof value === 'string' && value.includes('\n') ? ({ defaultStringType: 'QUOTE_DOUBLE' } as const) : {};
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: true, ...style }).trim();
}
