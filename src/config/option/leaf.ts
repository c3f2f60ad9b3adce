import { complain, type Input, type ParseContext } from '../input.ts';
import { type Invalid, invalid, type Json, type JsonSchema, type Shape, type Spec } from '../shape.ts';

/** With `required` or `default` there is always a value. */
export type Present<T, S> = S extends
  | { readonly required: true }
  | { readonly default: string | number | boolean | readonly string[] }
  ? T
  : T | undefined;

/** What makes one kind of value different from the others. */
interface Details<T> {
  readonly type: string;
  readonly spec: Spec<T>;
  readonly schema: JsonSchema;
  readonly fallback: T | undefined;
  readonly defaultText: string | undefined;
  readonly read: (input: Input, path: string, context: ParseContext) => T | Invalid;
  readonly secret?: boolean;
  readonly textual?: boolean;
  readonly boolean?: boolean;
  readonly item?: Shape<unknown>;
}

/** Makes the shape of an option that is one value: required, default, empty value, own rule and JSON Schema are dealt with here. */
export function leaf<T>(details: Details<T>): Shape<T | undefined> {
  const { spec, read } = details;
  return {
    doc: spec.doc,
    type: details.type,
    required: spec.required === true,
    defaultText: details.defaultText,
    example: spec.example,
    secret: details.secret ?? false,
    textual: details.textual ?? true,
    boolean: details.boolean ?? false,
    fields: undefined,
    unavailable: [],
    item: details.item,
    parse(input, path, context) {
      if (input.kind === 'scalar' && input.value === null) {
        complain(context, input.origin, path, 'has no value', `write ${expected(details)}, or leave the key out`);
        return invalid;
      }
      const value = read(input, path, context);
      if (value === invalid) return invalid;
      const complaint = spec.check?.(value);
      if (complaint === undefined) return value;
      complain(context, input.origin, path, complaint.problem, complaint.cure);
      return invalid;
    },
    absent(origin, path, context) {
      if (spec.required !== true) return details.fallback;
      complain(context, origin, path, 'is missing', `write ${lastKey(path)}: ${spec.example ?? `‹${details.type}›`}`);
      return invalid;
    },
    jsonSchema: () => ({
      description: spec.doc,
      ...details.schema,
      ...(details.fallback === undefined || details.defaultText === undefined ? {} : { default: jsonDefault(details) }),
      ...(spec.example === undefined ? {} : { examples: [spec.example] }),
    }),
  };
}

function jsonDefault<T>({ fallback, defaultText }: Details<T>): Json {
  if (typeof fallback === 'boolean') return fallback;
  if (Array.isArray(fallback))
    return (defaultText ?? '[]')
      .slice(1, -1)
      .split(', ')
      .filter((text) => text !== '');
  return typeof fallback === 'number' && String(fallback) === defaultText ? fallback : (defaultText ?? null);
}

function expected<T>({ type, spec }: Details<T>): string {
  if (type.includes(' | ')) return `one of ${type.replaceAll(' | ', ', ')}`;
  return `${withArticle(type)}${spec.example === undefined ? '' : `, for example ${spec.example}`}`;
}

function withArticle(type: string): string {
  return `${/^[aeio]/.test(type) ? 'an' : 'a'} ${type}`;
}

/** `timeouts.connect` → `connect`, for cures. */
export function lastKey(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

/** What was written, in words for messages: `a list`, `the text 'x'`. */
export function kindOf(input: Input): string {
  if (input.kind === 'list') return 'a list';
  if (input.kind === 'map') return 'a group of keys';
  return typeof input.value === 'string' ? `the text '${input.shown}'` : `the ${typeof input.value} ${input.shown}`;
}

/** A scalar as text where only text makes sense; adds the problem otherwise. */
export function readText(
  input: Input,
  path: string,
  context: ParseContext,
  type: string,
  hint: string,
): string | Invalid {
  if (input.kind === 'scalar' && typeof input.value === 'string') return input.value;
  const cure = input.kind === 'scalar' && type === 'string' ? `put it in quotes: '${input.shown}'` : hint;
  complain(context, input.origin, path, `has to be ${withArticle(type)}, not ${kindOf(input)}`, cure);
  return invalid;
}

/** The shape as its definition promises it: never undefined with `required` or `default`. */
export function present<T, S>(shape: Shape<T | undefined>): Shape<Present<T, S>> {
  // leaf() gives undefined only where the spec has neither `required` nor `default`, which is what Present says.
  return shape as Shape<Present<T, S>>;
}

/** A string with `${NAME}` in it, which may become anything. */
export const interpolated: JsonSchema = { type: 'string', pattern: '\\$\\{' };
