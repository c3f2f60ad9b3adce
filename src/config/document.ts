import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { complain, type Input, join, type MapInput, type Origin, type ParseContext } from './input.ts';

/** Reads YAML or JSON into inputs with their places, `${NAME}` replaced; a problem is added for each mistake, undefined = not readable at all. */
export function readDocument(text: string, file: string, context: ParseContext): MapInput | undefined {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const at = (offset: number): Origin => {
    const { line, col } = lines.linePos(offset);
    return { kind: 'file', file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const reported = new Set<number>();
  for (const { message, pos } of document.errors) {
    // One slip makes the parser complain several times about its line.
    const { line } = lines.linePos(pos[0]);
    if (reported.has(line)) continue;
    reported.add(line);
    // What follows a colon is a piece of the file, which may be a secret.
    const sentence = message.split(/\n|: /)[0]?.replace(/\.$/, '') ?? '';
    const variable = (text.split('\n')[line - 1] ?? '').includes('${');
    const cure = variable
      ? `inside { } or [ ] put it in quotes: "\${NAME}"`
      : 'check indentation, colons, brackets and quotes here';
    complain(context, at(pos[0]), '', `not YAML: ${sentence}`, cure);
  }
  if (document.errors.length > 0) return undefined;
  for (const { pos } of document.warnings) {
    complain(context, at(pos[0]), '', 'text that starts with ! is a YAML tag', 'put it in quotes');
  }

  const convert = (node: Node | null, path: string, place: Origin, inside: readonly Node[]): Input => {
    const origin = node?.range ? at(node.range[0]) : place;
    if (isAlias(node)) {
      const target = node.resolve(document);
      if (target !== undefined && !inside.includes(target)) return convert(target, path, origin, [...inside, target]);
      complain(
        context,
        origin,
        path,
        'text that starts with * is a YAML alias, and there is no such anchor',
        'put it in quotes',
      );
      return { kind: 'scalar', origin, value: null, shown: '*', loose: false };
    }
    if (isSeq(node)) {
      const items = node.items.map((item, index) =>
        // The parser makes nodes of everything in a document that it read from text.
        convert(item as Node | null, `${path}[${index}]`, origin, inside),
      );
      return { kind: 'list', origin, items };
    }
    if (isMap(node)) {
      const entries = new Map<string, { key: Origin; value: Input }>();
      for (const pair of node.items) {
        // As above: keys and values are nodes.
        const key = pair.key as Node | null;
        const name = isScalar(key) ? String(key.value) : String(key);
        const keyOrigin = key?.range ? at(key.range[0]) : origin;
        const first = entries.get(name);
        if (first !== undefined) {
          const line = first.key.kind === 'file' ? ` (first on line ${first.key.line})` : '';
          complain(context, keyOrigin, join(path, name), `is written twice${line}`, 'keep one of them');
          continue;
        }
        const value = convert(pair.value as Node | null, join(path, name), keyOrigin, inside);
        entries.set(name, { key: keyOrigin, value });
      }
      return { kind: 'map', origin, entries };
    }
    const value: unknown = isScalar(node) ? node.value : null;
    if (typeof value === 'string') {
      const replaced = interpolate(value, path, origin, context);
      return { kind: 'scalar', origin, value: replaced, shown: value, loose: replaced !== value };
    }
    const plain = typeof value === 'number' || typeof value === 'boolean' ? value : null;
    const shown = isScalar(node) && node.source !== undefined ? node.source : String(value);
    return { kind: 'scalar', origin, value: plain, shown, loose: false };
  };

  const start: Origin = { kind: 'file', file, line: 1, column: 1 };
  const root = convert(document.contents, '', start, []);
  if (root.kind === 'map') return root;
  if (root.kind === 'scalar' && root.value === null) return { kind: 'map', origin: start, entries: new Map() };
  complain(
    context,
    root.origin,
    '',
    'has to be keys with values',
    'write for example upstream: https://api.example.com',
  );
  return undefined;
}

/** `${NAME}`, `${NAME:-default}` (also used when NAME is empty), `$${` for a literal `${`; a missing NAME is a problem. */
function interpolate(text: string, path: string, origin: Origin, context: ParseContext): string {
  return text.replaceAll(/\$\$\{|\$\{([^}]*)\}?/g, (written: string, inner: string | undefined) => {
    if (written === '$${') return '${';
    const match = /^([A-Za-z_]\w*)(?::-(.*))?$/s.exec(inner ?? '');
    if (match === null || !written.endsWith('}')) {
      complain(
        context,
        origin,
        path,
        'has ${ without the name of a variable',
        `write \${NAME}, \${NAME:-default}, or $\${ for a literal \${`,
      );
      return written;
    }
    const [, name = '', fallback] = match;
    const value = context.env[name];
    if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
    if (value !== undefined) return value;
    const cure = `set ${name}, or write \${${name}:-default}`;
    complain(context, origin, path, `the environment variable ${name} is not set`, cure);
    return written;
  });
}
