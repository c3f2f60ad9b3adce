import { complain } from '../input.ts';
import { invalid, type Shape, type Spec } from '../shape.ts';
import { lastKey, leaf, type Present, present, readText } from './leaf.ts';

interface StringSpec extends Spec<string> {
  readonly default?: string;
  /** The JSON Schema `pattern`; the rule itself is `check`. */
  readonly pattern?: string;
}

/** Text, not empty. */
export function string<const S extends StringSpec>(spec: S): Shape<Present<string, S>> {
  return present(
    leaf<string>({
      type: 'string',
      spec,
      schema: { type: 'string', ...(spec.pattern === undefined ? {} : { pattern: spec.pattern }) },
      fallback: spec.default,
      defaultText: spec.default,
      read(input, path, context) {
        const text = readText(input, path, context, 'string', `write ${lastKey(path)}: ${spec.example ?? 'text'}`);
        if (text !== '' || input.kind !== 'scalar') return text;
        const cure = `write ${spec.example ?? 'a value'}, or leave the key out`;
        complain(context, input.origin, path, 'is empty', cure);
        return invalid;
      },
    }),
  );
}
