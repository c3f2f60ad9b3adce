import { complain, type Input, join, type MapInput, type Origin, type ParseContext } from './input.ts';

const origin: Origin = { kind: 'object' };

/**
 * A configuration that a program hands over, with the keys of the file. Nothing is replaced in its texts: a program knows
 * its environment itself, and `${` may be part of a secret. A member that is undefined counts as not written.
 */
export function objectInput(values: Readonly<Record<string, unknown>>, context: ParseContext): MapInput {
  const inside = new Set<object>();
  const convert = (value: unknown, path: string): Input => {
    if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      return { kind: 'scalar', origin, value, shown: String(value), loose: false };
    }
    if (typeof value !== 'object' || inside.has(value)) {
      const problem = typeof value === 'object' ? 'contains itself' : `is a ${typeof value}`;
      complain(context, origin, path, problem, 'write what a JSON file could have');
      return { kind: 'scalar', origin, value: null, shown: '', loose: false };
    }
    inside.add(value);
    const input: Input = Array.isArray(value)
      ? { kind: 'list', origin, items: value.map((item, index) => convert(item, `${path}[${index}]`)) }
      : mapOf(value, path);
    inside.delete(value);
    return input;
  };
  const mapOf = (value: object, path: string): MapInput => {
    const written = Object.entries(value).filter(([, one]) => one !== undefined);
    const entries = written.map(
      ([name, one]) => [name, { key: origin, value: convert(one, join(path, name)) }] as const,
    );
    return { kind: 'map', origin, entries: new Map(entries) };
  };
  return mapOf(values, '');
}
