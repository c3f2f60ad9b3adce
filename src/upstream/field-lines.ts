/** The values of all lines with a name, in their order. @param flat name, value, name, value … */
export function fieldValues(flat: readonly string[], lowerCaseName: string): string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const name = flat[i];
    if (name?.length === lowerCaseName.length && name.toLowerCase() === lowerCaseName) values.push(flat[i + 1] ?? '');
  }
  return values;
}

/**
 * Adds the names that a Connection field lists; `close` and `keep-alive` are options, not fields (RFC 9110 §7.6.1).
 * @returns undefined while there are none, which is nearly always
 */
export function nominate(connection: string, names: Set<string> | undefined): Set<string> | undefined {
  let all = names;
  if (connection === 'keep-alive' || connection === 'close') return all;
  for (const part of connection.split(',')) {
    const name = part.trim().toLowerCase();
    if (name === '' || name === 'close' || name === 'keep-alive') continue;
    all ??= new Set();
    all.add(name);
  }
  return all;
}

/**
 * The fields without those that Connection names; what frames the message stays, whatever Connection says of it
 * (advisory class: nominated Content-Length).
 * @param fields flat: name, value, name, value …
 */
export function withoutNominated(fields: string[], names: ReadonlySet<string> | undefined): string[] {
  if (names === undefined) return fields;
  return fields.filter((_part, index) => {
    const name = fields[index - (index % 2)]?.toLowerCase();
    return name === undefined || name === 'content-length' || !names.has(name);
  });
}

/** Each name with its value, of a flat list; for places where a generator may cost its part. */
export function* fieldPairs(flat: readonly string[]): Generator<readonly [name: string, value: string]> {
  // both are within the list
  for (let i = 0; i + 1 < flat.length; i += 2) yield [flat[i] as string, flat[i + 1] as string];
}
