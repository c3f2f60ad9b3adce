import type { CliContext } from './context.ts';
import { openDialogue } from './dialogue.ts';

/** Longer texts are no token that a header could carry. */
const longest = 64 * 1024;

/**
 * The token that somebody pastes or pipes: white space around it, `Authorization:` and `Bearer` in front of it are taken
 * off. At a terminal it is asked for and not shown, and may be longer than a line there usually can.
 * @returns empty when there is none
 */
export async function pastedToken(context: CliContext): Promise<string> {
  const { stdin } = context;
  const text = 'isTTY' in stdin && stdin.isTTY === true ? await asked(context) : await piped(stdin);
  return text
    .slice(0, longest)
    .trim()
    .replace(/^authorization:\s*/i, '')
    .replace(/^bearer\s+/i, '')
    .replace(/\s.*$/s, '');
}

async function asked(context: CliContext): Promise<string> {
  const dialogue = openDialogue(context);
  try {
    return await dialogue.ask({ words: 'token (it is not shown)', hidden: true });
  } catch {
    return ''; // the input has ended
  } finally {
    dialogue.close();
  }
}

/** To the end, or to the first line break that follows something. */
async function piped(stdin: AsyncIterable<string | Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of stdin) {
    text += chunk.toString();
    if (/\S[^\n]*\n/.test(text) || text.length > longest) break;
  }
  return text;
}
