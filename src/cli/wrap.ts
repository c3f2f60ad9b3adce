/** Characters of a line on a terminal. */
export const lineWidth = 100;

/** Text in lines of at most `lineWidth`, all but the first indented; a word that is longer stays whole. */
export function wrap(text: string, indent: number): string {
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && indent + last.length + 1 + word.length > lineWidth) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.join(`\n${' '.repeat(indent)}`);
}
