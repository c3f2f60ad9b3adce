import { complain } from '../input.ts';
import { formatDuration, formatSize, parseDuration, parseSize } from '../quantity.ts';
import { invalid, type Shape, type Spec } from '../shape.ts';
import { interpolated, kindOf, leaf, type Present, present } from './leaf.ts';
import { withinLimits } from './number.ts';

interface QuantitySpec extends Spec<number> {
  /** As one would write it: `30s`, `1MiB`. */
  readonly default?: string;
  readonly minimum?: string;
  readonly maximum?: string;
  /** In place of the usual cure for a value outside the limits. */
  readonly cure?: string;
}

interface Unit {
  readonly type: string;
  readonly pattern: string;
  readonly examples: string;
  readonly parse: (text: string) => number | undefined;
  readonly format: (value: number) => string;
}

function quantity(spec: QuantitySpec, unit: Unit): Shape<number | undefined> {
  const number = (text: string | undefined) => (text === undefined ? undefined : unit.parse(text));
  const limits = { minimum: number(spec.minimum), maximum: number(spec.maximum), cure: spec.cure };
  return leaf<number>({
    type: unit.type,
    spec,
    schema: { anyOf: [{ type: 'string', pattern: unit.pattern }, { type: 'number', minimum: 0 }, interpolated] },
    fallback: number(spec.default),
    defaultText: spec.default,
    read(input, path, context) {
      const value =
        input.kind === 'scalar' && typeof input.value !== 'boolean' ? unit.parse(String(input.value)) : undefined;
      if (value !== undefined) return withinLimits(value, limits, unit.format, input, path, context);
      complain(context, input.origin, path, `has to be a ${unit.type}, not ${kindOf(input)}`, `write ${unit.examples}`);
      return invalid;
    },
  });
}

/** Milliseconds, written `500ms`, `30s`, `5m`, `2h` or as a bare number of seconds. `default`, `minimum`, `maximum` are written alike. */
export function duration<const S extends QuantitySpec>(spec: S): Shape<Present<number, S>> {
  const pattern = '^\\d+(\\.\\d+)? ?(ms|s|m|h)?$';
  const examples = '500ms, 30s, 5m or 2h (a bare number is seconds)';
  return present(quantity(spec, { type: 'duration', pattern, examples, parse: parseDuration, format: formatDuration }));
}

/** Bytes, written `64KiB`, `1MiB` or as a bare number of bytes. */
export function size<const S extends QuantitySpec>(spec: S): Shape<Present<number, S>> {
  const pattern = '^\\d+(\\.\\d+)? ?([kKmMgG]i?)?[bB]?$';
  const examples = '64KiB or 1MiB (a bare number is bytes)';
  return present(quantity(spec, { type: 'size', pattern, examples, parse: parseSize, format: formatSize }));
}
