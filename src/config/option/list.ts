import { complain, type Input, type Origin, type ParseContext } from '../input.ts';
import { invalid, type Shape, type Spec } from '../shape.ts';
import { kindOf, lastKey, leaf, type Present, present } from './leaf.ts';

interface ListSpec<T> extends Spec<readonly T[]> {
  readonly default?: readonly string[];
  /** Split a string at spaces too, not only at commas. */
  readonly spaces?: true;
  /** A group of keys alone stands for a list of one. */
  readonly lone?: true;
}

/** Several values; where the items are textual also one string with commas. `default` is written as text. */
export function list<T, const S extends ListSpec<T>>(item: Shape<T>, spec: S): Shape<Present<readonly T[], S>> {
  const many = { type: 'array', items: item.jsonSchema() };
  return present(
    leaf<readonly T[]>({
      type: item.fields === undefined ? `list of ${plural(item.type)}` : 'list',
      spec,
      schema: item.textual ? { anyOf: [many, item.jsonSchema()] } : many,
      fallback: spec.default?.map((text) => parsedDefault(item, text)),
      defaultText: spec.default === undefined ? undefined : `[${spec.default.join(', ')}]`,
      textual: item.textual,
      item,
      read(input, path, context) {
        const items = spec.lone === true && input.kind === 'map' ? [input] : split(input, item, spec.spaces === true);
        if (items === undefined) {
          const problem = `has to be a list, not ${kindOf(input)}`;
          complain(context, input.origin, path, problem, `write ${lastKey(path)}: ${spec.example ?? '[…]'}`);
          return invalid;
        }
        const values = items.map((one, index) =>
          item.parse(one, items.length === 1 && one === input ? path : `${path}[${index}]`, context),
        );
        const good = values.filter((value): value is T => value !== invalid);
        return good.length === values.length ? good : invalid;
      },
    }),
  );
}

/** The plural of a type's name, for messages: `list of strings`. */
export function plural(type: string): string {
  return type
    .split(' or ')
    .map((word) => (word.endsWith('s') ? `${word}es` : `${word}s`))
    .join(' or ');
}

/** A default that the item's own shape refuses is a mistake in this program. */
function parsedDefault<T>(item: Shape<T>, text: string): T {
  const origin: Origin = { kind: 'none' };
  const context: ParseContext = { env: {}, cwd: '/', problems: [] };
  const value = item.parse({ kind: 'scalar', origin, value: text, shown: text, loose: true }, '', context);
  if (value === invalid) throw new Error(`not a default: ${text}`);
  return value;
}

/** The items of a list, or of one string with commas; undefined = it is neither. */
export function split(input: Input, item: Shape<unknown>, spaces: boolean): readonly Input[] | undefined {
  if (input.kind === 'list') return input.items;
  if (input.kind === 'map' || !item.textual) return undefined;
  if (typeof input.value !== 'string' || input.value.includes('-----BEGIN ')) return [input];
  const { origin, loose } = input;
  const parts = input.value.split(spaces ? /[\s,]+/ : /\s*,\s*/).filter((part) => part.trim() !== '');
  if (parts.length === 1 && parts[0] === input.value) return [input];
  return parts.map((part) => ({ kind: 'scalar', origin, value: part.trim(), shown: part.trim(), loose }));
}
