import { fieldPairs } from './field-lines.ts';
import type { UpstreamRequest } from './round-trip.ts';

/** Header fields as node:http2 takes them; a field that occurs several times is a list. */
export type Http2Fields = Record<string, string | string[]>;

/** Lists of which node:http2 takes one field line only; one with all of it means the same (RFC 9110 §5.3). */
const lists: ReadonlySet<string> = new Set(['if-match', 'if-none-match', 'content-encoding', 'content-language']);

/** The request's fields for HTTP/2: lower-case, with the pseudo-fields of RFC 9113 §8.3.1 in the place of request line and Host. */
export function http2Fields({ method, target, headers }: UpstreamRequest, authority: string): Http2Fields {
  // without a prototype, because a client may call a field `constructor`
  const fields: Http2Fields = Object.create(null);
  Object.assign(fields, { ':method': method, ':scheme': 'https', ':authority': authority, ':path': target });
  for (const [written, value] of fieldPairs(headers)) {
    const name = written.toLowerCase();
    const before = fields[name];
    if (before === undefined) fields[name] = value;
    else if (lists.has(name)) fields[name] = `${String(before)}, ${value}`;
    else if (typeof before === 'string') fields[name] = [before, value];
    else before.push(value);
  }
  return fields;
}

/** Field lines as the rest of the program has them: without pseudo-fields. */
export function fieldLines(raw: readonly string[]): string[] {
  const lines: string[] = [];
  for (const [name, value] of fieldPairs(raw)) {
    if (!name.startsWith(':')) lines.push(name, value);
  }
  return lines;
}
