import { complain, type Input, type ParseContext } from '../input.ts';
import { type Invalid, invalid, type Shape, type Spec } from '../shape.ts';
import { interpolated, kindOf, lastKey, leaf, type Present, present } from './leaf.ts';

interface IntegerSpec extends Spec<number> {
  readonly default?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  /** In place of the usual cure for a value outside the limits. */
  readonly cure?: string;
}

/** A whole number. */
export function integer<const S extends IntegerSpec>(spec: S): Shape<Present<number, S>> {
  const { minimum, maximum } = spec;
  const limits = { ...(minimum === undefined ? {} : { minimum }), ...(maximum === undefined ? {} : { maximum }) };
  return present(
    leaf<number>({
      type: 'whole number',
      spec,
      schema: { anyOf: [{ type: 'integer', ...limits }, interpolated] },
      fallback: spec.default,
      defaultText: spec.default === undefined ? undefined : String(spec.default),
      read(input, path, context) {
        const value =
          input.kind !== 'scalar'
            ? undefined
            : typeof input.value === 'string' && input.loose && /^[+-]?\d{1,15}$/.test(input.value)
              ? Number(input.value)
              : input.value;
        if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
          const cure = `write a number, for example ${lastKey(path)}: ${spec.example ?? spec.default ?? minimum ?? 1}`;
          complain(context, input.origin, path, `has to be a whole number, not ${kindOf(input)}`, cure);
          return invalid;
        }
        return withinLimits(value, spec, String, input, path, context);
      },
    }),
  );
}

/** The number, or `invalid` after a problem that names the limit. */
export function withinLimits(
  value: number,
  spec: {
    readonly minimum?: number | undefined;
    readonly maximum?: number | undefined;
    readonly cure?: string | undefined;
  },
  show: (value: number) => string,
  input: Input,
  path: string,
  context: ParseContext,
): number | Invalid {
  const { minimum, maximum } = spec;
  const low = minimum !== undefined && value < minimum;
  const high = maximum !== undefined && value > maximum;
  if (!low && !high) return value;
  const limit = low ? `at least ${show(minimum)}` : `at most ${show(maximum ?? 0)}`;
  const cure = spec.cure ?? (low ? `write ${show(minimum)} or more` : `write ${show(maximum ?? 0)} or less`);
  complain(context, input.origin, path, `has to be ${limit}, not ${show(value)}`, cure);
  return invalid;
}
