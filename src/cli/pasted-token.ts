/** Longer texts are no token that a header could carry. */
const longest = 64 * 1024;

/**
 * The token that somebody pastes or pipes: white space around it, `Authorization:` and `Bearer` in front of it are taken
 * off. Reads to the end, or to the first line break that follows something.
 * @returns empty when there is none
 */
export async function pastedToken(stdin: AsyncIterable<string | Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of stdin) {
    text += chunk.toString();
    if (/\S[^\n]*\n/.test(text) || text.length > longest) break;
  }
  return text
    .slice(0, longest)
    .trim()
    .replace(/^authorization:\s*/i, '')
    .replace(/^bearer\s+/i, '')
    .replace(/\s.*$/s, '');
}
