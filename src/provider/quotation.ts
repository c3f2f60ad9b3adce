const longest = 200;

/**
 * Text of somebody else made fit for a message: secrets replaced, one line, at most 200 characters, in quotes;
 * empty for empty text. Error texts of a token endpoint are not ours and may echo the secret (wire facts 4.9).
 * @param redact replaces every known secret; runs before the cut, so that no part of one survives it.
 */
export function quotation(text: string, redact: (text: string) => string): string {
  // Controls, format characters (bidi overrides) and line separators could forge log lines or reorder them on a terminal.
  const line = redact(text)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  // A JWT that nobody told us about (an echoed assertion, say) is as secret as one that we know.
  // Without a dot too: a part of one, and nothing to try again from each of a million places.
  const characters = [...line.replace(/eyJ[\w-]{8,}(\.[\w-]*)*/g, '‹token›')];
  if (characters.length === 0) return '';
  return characters.length <= longest ? `"${characters.join('')}"` : `"${characters.slice(0, longest - 1).join('')}…"`;
}

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  '#34': '"',
  '#39': "'",
  '#x27': "'",
  '#43': '+',
  '#x2B': '+',
};

/** The readable words of an HTML page: no tags, scripts or styles; entities decoded, so that an echoed secret is found. */
export function htmlText(html: string): string {
  return html
    .slice(0, 8192)
    .replace(/<(script|style)\b[^>]*>[\s\S]*?<\/\1>/gi, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&(#?\w{2,4});/g, (entity, name: string) => entities[name] ?? entity);
}
