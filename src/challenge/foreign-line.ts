/** Shorter texts occur by chance; replacing them would only make messages unreadable. */
const shortestSecret = 4;
/** A section of a token that is this long says something only to whoever may have the token. */
const shortestSection = 16;

/**
 * Text of the API or of a token's claims made fit for a message: the token that was sent (whole or one of its sections)
 * and whatever looks like a JWT replaced, on one line, cut (wire facts 4, item 9). May be empty.
 * @param longest in characters, the ellipsis included.
 */
export function foreignLine(text: string, token: string, longest = 200): string {
  // Controls, format characters (bidi overrides) and line separators could forge log lines or reorder them on a terminal.
  const line = withoutToken(text, token)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  const characters = [...withoutToken(line, token)];
  return characters.length <= longest ? characters.join('') : `${characters.slice(0, longest - 1).join('')}…`;
}

function withoutToken(text: string, token: string): string {
  let clean = text;
  const parts = token.split('.').filter((section) => section.length >= shortestSection);
  for (const part of [token, ...parts]) {
    if (part.length >= shortestSecret) clean = clean.replaceAll(part, '‹token›');
  }
  // Without a dot too: a part of one, and nothing to try again from each of thousands of places.
  return clean.replace(/eyJ[\w-]{8,}(\.[\w-]*)*/g, '‹token›');
}
