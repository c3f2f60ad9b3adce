import { complain, type Input, join, type MapInput, type Origin, type ParseContext } from '../input.ts';
import { nearestName } from '../nearest-name.ts';
import { type Draft, type Fields, type InferFields, type Invalid, invalid, type Shape } from '../shape.ts';
import { kindOf, lastKey } from './leaf.ts';

interface ObjectSpec<F extends Fields> {
  readonly doc: string;
  /** Keys of the interface that this version lacks. */
  readonly unavailable?: readonly string[];
  /** Rules between the keys, run when each is right in itself; `report` names the key they are about. */
  readonly check?: (value: InferFields<F>, report: (key: string, problem: string, cure: string) => void) => void;
}

/** An object shape with the two steps that its parse() consists of. */
export interface ObjectShape<F extends Fields> extends Shape<InferFields<F>> {
  readonly fields: F;
  /** Reads what can be read, so that rules between objects can be checked in spite of a problem in one key. */
  draft(input: MapInput, path: string, context: ParseContext): Draft<F>;
}

/** A group of keys; where it is not written each key has its own default. */
export function object<const F extends Fields>(fields: F, spec: ObjectSpec<F>): ObjectShape<F> {
  const unavailable = spec.unavailable ?? [];
  const draft = (input: MapInput, path: string, context: ParseContext): Draft<F> => {
    reportUnknownKeys(input, path, Object.keys(fields), unavailable, context);
    const values: Record<string, unknown> = {};
    for (const [name, shape] of Object.entries(fields)) {
      const entry = input.entries.get(name);
      const at = join(path, name);
      if (shape.fields === undefined) context.seen?.push({ path: at, input: entry?.value, option: shape });
      const value =
        entry === undefined ? shape.absent(input.origin, at, context) : shape.parse(entry.value, at, context);
      if (value !== invalid) values[name] = value;
    }
    // Each value came from the shape of its key.
    return values as Draft<F>;
  };
  const parse = (input: Input, path: string, context: ParseContext): InferFields<F> | Invalid => {
    if (input.kind !== 'map') {
      const cure = `write ${lastKey(path)}: { ${Object.keys(fields)[0] ?? ''}: … }`;
      complain(context, input.origin, path, `has to be a group of keys, not ${kindOf(input)}`, cure);
      return invalid;
    }
    const errors = () => context.problems.filter(({ severity }) => severity === 'error').length;
    const before = errors();
    const values = draft(input, path, context);
    if (errors() > before) return invalid;
    // No problem was added, so every key has the value that its shape promises.
    const value = values as InferFields<F>;
    spec.check?.(value, (key, problem, cure) =>
      complain(context, originOf(input, key), join(path, key), problem, cure),
    );
    return errors() > before ? invalid : value;
  };
  const required = Object.entries(fields).filter(([, shape]) => shape.required);
  return {
    doc: spec.doc,
    type: 'group',
    required: required.length > 0,
    defaultText: undefined,
    example: undefined,
    secret: false,
    textual: false,
    boolean: false,
    item: undefined,
    fields,
    unavailable,
    draft,
    parse,
    absent: (origin, path, context) => parse({ kind: 'map', origin, entries: new Map() }, path, context),
    jsonSchema: () => ({
      description: spec.doc,
      type: 'object',
      properties: Object.fromEntries(Object.entries(fields).map(([name, shape]) => [name, shape.jsonSchema()])),
      ...(required.length > 0 ? { required: required.map(([name]) => name) } : {}),
      additionalProperties: false,
    }),
  };
}

/** Where a key of a mapping is written: its value, or the mapping when the key is not there. `a.b` looks into `a`. */
export function originOf(input: Input, key: string): Origin {
  let at: Input = input;
  for (const name of key.split('.')) {
    const next: Input | undefined = at.kind === 'map' ? at.entries.get(name)?.value : undefined;
    if (next === undefined) return at.origin;
    at = next;
  }
  return at.origin;
}

/** Adds a problem for each key that is neither known nor announced by the interface. */
export function reportUnknownKeys(
  input: MapInput,
  path: string,
  known: readonly string[],
  unavailable: readonly string[],
  context: ParseContext,
): void {
  for (const [name, { key }] of input.entries) {
    if (known.includes(name)) continue;
    if (unavailable.includes(name)) {
      complain(context, key, join(path, name), 'is not available in this version yet', 'remove the key');
      continue;
    }
    const near = nearestName(name, known);
    const cure = near === undefined ? `known here: ${known.join(', ')}` : `did you mean '${near}'?`;
    complain(context, key, join(path, name), 'is not a known key', cure);
  }
}
