/** What a cache file holds: encrypted tokens by name, each with its end. */
export interface CacheFile {
  readonly entries: Map<string, { readonly text: string; readonly endsAtMs: number }>;
}

const format = 'bearerd token cache 1';

/**
 * Reads a cache file's text; entries that have ended are left out, those of other keys and credentials stay.
 * @param text undefined = there is no file
 * @returns undefined when it is something else, or damaged
 */
export function readCacheFile(text: string | undefined, nowMs: number): CacheFile | undefined {
  const entries: CacheFile['entries'] = new Map();
  if (text === undefined) return { entries };
  const content = parsed(text);
  if (content?.['format'] !== format) return undefined;
  const written = content['entries'];
  if (typeof written !== 'object' || written === null) return undefined;
  for (const [name, entry] of Object.entries(written)) {
    if (typeof entry !== 'object' || entry === null) return undefined;
    // Any object has string keys; each is looked at before it is used.
    const { text, endsAtMs } = entry as Readonly<Record<string, unknown>>;
    if (typeof text !== 'string' || typeof endsAtMs !== 'number') return undefined;
    if (endsAtMs > nowMs) entries.set(name, { text, endsAtMs });
  }
  return { entries };
}

/** The text of a cache file. */
export function cacheFileText({ entries }: CacheFile): string {
  return JSON.stringify({ format, entries: Object.fromEntries(entries) }, null, 1);
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const content: unknown = JSON.parse(text);
    // JSON.parse gives an object with string keys here.
    return typeof content === 'object' && content !== null ? (content as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
