import { complain, resolvePath } from '../input.ts';
import { type Complaint, invalid, type Shape, type Spec } from '../shape.ts';
import { lastKey, leaf, type Present, present, readText } from './leaf.ts';

interface ParsedSpec<T> extends Spec<T> {
  /** As one would write it. */
  readonly default?: string;
  /** In words, for messages and the reference. */
  readonly type: string;
  /** JSON Schema pattern. */
  readonly pattern?: string;
  /** The value, or what is wrong; a relative path in it can be resolved by `where`. */
  readonly read: (text: string, where: (path: string) => string) => { readonly value: T } | Complaint;
}

/** Text (a number counts as text) with a reading of its own: `listen: 8080`, `probe: GET /x`. */
export function parsed<T, const S extends { readonly default?: string; readonly required?: true }>(
  spec: ParsedSpec<T> & S,
): Shape<Present<T, S>> {
  const fallback = spec.default === undefined ? undefined : spec.read(spec.default, (path) => path);
  return present<T, S>(
    leaf<T>({
      type: spec.type,
      spec,
      schema: {
        anyOf: [
          { type: 'string', ...(spec.pattern === undefined ? {} : { pattern: spec.pattern }) },
          { type: 'integer' },
        ],
      },
      fallback: fallback !== undefined && 'value' in fallback ? fallback.value : undefined,
      defaultText: spec.default,
      read(input, path, context) {
        const text =
          input.kind === 'scalar' && typeof input.value === 'number'
            ? String(input.value)
            : readText(input, path, context, spec.type, `write ${lastKey(path)}: ${spec.example ?? '…'}`);
        if (text === invalid) return invalid;
        const result = spec.read(text, (relative) => resolvePath(relative, input.origin, context.cwd));
        if ('value' in result) return result.value;
        complain(context, input.origin, path, result.problem, result.cure);
        return invalid;
      },
    }),
  );
}
