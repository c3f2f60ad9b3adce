import { complain, type Input, join, type MapInput, mapInput } from '../input.ts';
import { type Complaint, invalid, type Shape, type Spec } from '../shape.ts';
import { kindOf, lastKey, leaf, present } from './leaf.ts';
import { plural } from './list.ts';

interface RecordSpec<T> extends Spec<Readonly<Record<string, T>>> {
  /** A rule for the names. */
  readonly checkName?: (name: string) => Complaint | undefined;
}

/** Names of the user's choice with values; empty by default. As one string: `name=value,other=value`. */
export function record<T>(item: Shape<T>, spec: RecordSpec<T>): Shape<Readonly<Record<string, T>>> {
  return present<Readonly<Record<string, T>>, { required: true }>(
    leaf<Readonly<Record<string, T>>>({
      type: item.fields === undefined ? `names with ${plural(item.type)}` : 'names with keys',
      spec,
      schema: { type: 'object', additionalProperties: item.jsonSchema() },
      fallback: {},
      defaultText: undefined,
      textual: item.textual,
      item,
      read(input, path, context) {
        const map = input.kind === 'map' ? input : item.textual ? pairs(input) : undefined;
        if (map === undefined) {
          const problem = `has to be names with values, not ${kindOf(input)}`;
          complain(
            context,
            input.origin,
            path,
            problem,
            `write ${lastKey(path)}: ${spec.example ?? '{ name: value }'}`,
          );
          return invalid;
        }
        const values: [string, T][] = [];
        for (const [name, { key, value }] of map.entries) {
          const complaint = spec.checkName?.(name);
          if (complaint !== undefined) complain(context, key, join(path, name), complaint.problem, complaint.cure);
          const parsed = item.parse(value, join(path, name), context);
          if (parsed !== invalid && complaint === undefined) values.push([name, parsed]);
        }
        return values.length === map.entries.size ? Object.fromEntries(values) : invalid;
      },
    }),
  );
}

function pairs(input: Input): MapInput | undefined {
  if (input.kind !== 'scalar' || typeof input.value !== 'string') return undefined;
  const values: Record<string, Input> = {};
  for (const part of input.value.split(',').filter((one) => one.trim() !== '')) {
    const at = part.indexOf('=');
    if (at < 1) return undefined;
    const value = part.slice(at + 1).trim();
    values[part.slice(0, at).trim()] = { kind: 'scalar', origin: input.origin, value, shown: value, loose: true };
  }
  return mapInput(values, input.origin);
}
