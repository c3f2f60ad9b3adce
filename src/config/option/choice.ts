import { complain } from '../input.ts';
import { nearestName } from '../nearest-name.ts';
import { invalid, type Shape, type Spec } from '../shape.ts';
import { interpolated, kindOf, leaf, type Present, present } from './leaf.ts';

interface ChoiceSpec<T extends string> extends Spec<T> {
  readonly default?: T;
  /** Words that the interface names and this version lacks. */
  readonly unavailable?: readonly string[];
}

/** One of several words. */
export function oneOf<const T extends string, const S extends ChoiceSpec<T>>(
  choices: readonly T[],
  spec: S,
): Shape<Present<T, S>> {
  return present(
    leaf<T>({
      type: choices.join(' | '),
      spec,
      schema: { anyOf: [{ enum: choices }, interpolated] },
      fallback: spec.default,
      defaultText: spec.default,
      read(input, path, context) {
        const written = input.kind === 'scalar' ? String(input.value) : undefined;
        const found = choices.find((choice) => choice === written);
        if (found !== undefined) return found;
        if (written !== undefined && spec.unavailable?.includes(written)) {
          const problem = `'${written}' is not available in this version yet`;
          complain(context, input.origin, path, problem, `write one of ${choices.join(', ')}`);
          return invalid;
        }
        const near = written === undefined ? undefined : nearestName(written, choices);
        const problem = `has to be one of ${choices.join(', ')}, not ${kindOf(input)}`;
        complain(
          context,
          input.origin,
          path,
          problem,
          near ? `did you mean '${near}'?` : `write ${spec.default ?? choices[0]}`,
        );
        return invalid;
      },
    }),
  );
}
