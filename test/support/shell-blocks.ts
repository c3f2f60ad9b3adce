/** Languages of fenced blocks that are commands. */
const shells = new Set(['sh', 'bash', 'shell', 'console']);

/** A command of a text, and the line on which it begins; 1 = the first. */
export interface ShellCommand {
  readonly line: number;
  readonly command: string;
}

/**
 * The commands of a Markdown text: those in fenced blocks of a shell and in indented blocks, one per line, with `\` at the
 * end of a line joining it to the next, without comments and the `$` of a prompt.
 */
export function shellCommands(markdown: string): ShellCommand[] {
  const commands: ShellCommand[] = [];
  let fence: string | undefined;
  let afterBlank = true;
  let indented = false;
  let joined = '';
  let begun = 0;
  for (const [index, line] of markdown.split('\n').entries()) {
    // up to three spaces: a block in a list
    const mark = /^ {0,3}```(\w*)/.exec(line);
    if (mark !== null) {
      fence = fence === undefined ? (mark[1] ?? '') : undefined;
      continue;
    }
    // An indented block begins after an empty line (CommonMark 4.4).
    indented = fence === undefined && /^ {4}/.test(line) && (afterBlank || indented);
    afterBlank = line.trim() === '';
    if (!(fence === undefined ? indented : shells.has(fence))) continue;
    if (joined === '') begun = index + 1;
    joined += line.trim().replace(/^\$ /, '');
    if (joined.endsWith('\\')) {
      joined = `${joined.slice(0, -1).trim()} `;
      continue;
    }
    if (joined !== '' && !joined.startsWith('#'))
      commands.push({ line: begun, command: joined.replace(/\s+#.*$/, '') });
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
