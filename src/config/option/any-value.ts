import type { Input } from '../input.ts';
import type { Shape, Spec } from '../shape.ts';
import { leaf, type Present, present } from './leaf.ts';

/** Whatever is written there, for a reader of its own. */
export function written<const S extends Spec<Input>>(spec: S): Shape<Present<Input, S>> {
  return present(
    leaf<Input>({
      type: 'group',
      spec,
      schema: {},
      fallback: undefined,
      defaultText: undefined,
      textual: false,
      read: (input) => input,
    }),
  );
}

/** Any value, as JSON has it: for members of a JWT. */
export function anyValue(spec: Spec<unknown>): Shape<unknown> {
  return leaf<unknown>({
    type: 'any value',
    spec,
    schema: {},
    fallback: undefined,
    defaultText: undefined,
    read: plainValue,
  });
}

function plainValue(input: Input): unknown {
  if (input.kind === 'scalar') return input.value;
  if (input.kind === 'list') return input.items.map(plainValue);
  return Object.fromEntries([...input.entries].map(([name, { value }]) => [name, plainValue(value)]));
}
