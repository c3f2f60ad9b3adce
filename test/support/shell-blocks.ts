/** Languages of fenced blocks that are commands. */
const shells = new Set(['sh', 'bash', 'shell', 'console']);

/**
 * The commands of a Markdown text: those in fenced blocks of a shell and in indented blocks, one per line, with `\` at the
 * end of a line joining it to the next, without comments and the `$` of a prompt.
 */
export function shellCommands(markdown: string): string[] {
  const commands: string[] = [];
  let fence: string | undefined;
  let afterBlank = true;
  let indented = false;
  let joined = '';
  for (const line of markdown.split('\n')) {
    const mark = /^```(\w*)/.exec(line);
    if (mark !== null) {
      fence = fence === undefined ? (mark[1] ?? '') : undefined;
      continue;
    }
    // An indented block begins after an empty line (CommonMark 4.4).
    indented = fence === undefined && /^ {4}/.test(line) && (afterBlank || indented);
    afterBlank = line.trim() === '';
    if (!(fence === undefined ? indented : shells.has(fence))) continue;
    joined += line.trim().replace(/^\$ /, '');
    if (joined.endsWith('\\')) {
      joined = `${joined.slice(0, -1).trim()} `;
      continue;
    }
    if (joined !== '' && !joined.startsWith('#')) commands.push(joined.replace(/\s+#.*$/, ''));
    joined = '';
  }
  return commands;
}

/** The first fenced block of a language, for example the file that the text tells to write. */
export function fencedBlock(markdown: string, language: string): string {
  const found = new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(markdown);
  if (found?.[1] === undefined) throw new Error(`no block of ${language}`);
  return found[1];
}
