import { complain } from '../input.ts';
import { invalid, type Shape, type Spec } from '../shape.ts';
import { interpolated, kindOf, lastKey, leaf, type Present, present } from './leaf.ts';

interface BooleanSpec extends Spec<boolean> {
  readonly default?: boolean;
}

/** `true` or `false`. */
export function boolean<const S extends BooleanSpec>(spec: S): Shape<Present<boolean, S>> {
  return present(
    leaf<boolean>({
      type: 'true or false',
      spec,
      schema: { anyOf: [{ type: 'boolean' }, interpolated] },
      fallback: spec.default,
      defaultText: spec.default === undefined ? undefined : String(spec.default),
      boolean: true,
      read(input, path, context) {
        if (input.kind === 'scalar') {
          if (typeof input.value === 'boolean') return input.value;
          if (input.loose && input.value === 'true') return true;
          if (input.loose && input.value === 'false') return false;
        }
        const problem = `has to be true or false, not ${kindOf(input)}`;
        complain(context, input.origin, path, problem, `write ${lastKey(path)}: true or ${lastKey(path)}: false`);
        return invalid;
      },
    }),
  );
}
