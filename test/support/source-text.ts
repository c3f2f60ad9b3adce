/** A string literal of a source file: where its opening quote is in `code`, and what it says. */
export interface Literal {
  readonly at: number;
  readonly text: string;
}

/** A source file taken apart far enough for rules about imports, names and strings. */
export interface SourceText {
  /** The source with comments blanked out and the inside of strings and regular expressions replaced by spaces. */
  readonly code: string;
  /** Strings in single or double quotes. */
  readonly literals: readonly Literal[];
}

/** What may stand before a slash that begins a regular expression instead of a division. */
const beforeRegExp = /(?:^|[(,=:[!&|?{};+\n]|\breturn|=>)\s*$/;

/**
 * Blanks out everything that is not code, keeping every position. TypeScript 7 has no parser to call, and the rules need
 * none: they look at imports, identifiers and strings.
 */
export function sourceText(source: string): SourceText {
  const literals: Literal[] = [];
  let code = '';
  let index = 0;
  // Depths of the braces at which a template literal goes on.
  const templates: number[] = [];
  let depth = 0;
  const blank = (end: number) => {
    code += source.slice(index, end).replace(/[^\n]/g, ' ');
    index = end;
  };
  const keep = (count: number) => {
    code += source.slice(index, index + count);
    index += count;
  };
  while (index < source.length) {
    const rest = source.slice(index);
    const two = rest.slice(0, 2);
    const character = rest.charAt(0);
    if (two === '//') {
      blank(endOf(source, index, /\n/g, 0));
    } else if (two === '/*') {
      blank(endOf(source, index + 2, /\*\//g, 2));
    } else if (character === "'" || character === '"') {
      const text = /^(['"])((?:\\[\s\S]|(?!\1)[^\\])*)/.exec(rest)?.[2] ?? '';
      literals.push({ at: index, text });
      keep(1);
      blank(index + text.length);
      keep(1);
    } else if (character === '`' || (character === '}' && templates.at(-1) === depth)) {
      if (character === '}') templates.pop();
      keep(1);
      blank(index + (/^(?:\\[\s\S]|\$(?!\{)|[^\\`$])*/.exec(source.slice(index))?.[0].length ?? 0));
      if (source.startsWith('${', index)) {
        templates.push(depth);
        keep(2);
      } else {
        keep(1);
      }
    } else if (character === '/' && beforeRegExp.test(code)) {
      const body = /^\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\//.exec(rest)?.[0] ?? '/';
      blank(index + body.length);
    } else {
      if (character === '{') depth += 1;
      if (character === '}') depth -= 1;
      keep(1);
    }
  }
  return { code, literals };
}

/** The modules that a file names in import and export declarations and in import(), types included. */
export function importsOf({ code, literals }: SourceText): string[] {
  return literals
    .filter(({ at }) => /(?:\bfrom|\bimport\s*\(|^\s*import)\s*$/m.test(lineBefore(code, at)))
    .map(({ text }) => text);
}

/** The names that a file declares and exports without a docstring right above. */
export function undocumentedExports(source: string): string[] {
  const declaration =
    /^export (?:declare )?(?:abstract )?(?:async )?(?:const|let|function\*?|class|interface|type|enum) ([\w$]+)/gm;
  return [...source.matchAll(declaration)]
    .filter(({ index }) => !/\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*$/.test(source.slice(0, index)))
    .map(([, name]) => name ?? '');
}

function lineBefore(code: string, at: number): string {
  return code.slice(code.lastIndexOf('\n', at - 1) + 1, at);
}

function endOf(source: string, from: number, mark: RegExp, length: number): number {
  mark.lastIndex = from;
  const found = mark.exec(source);
  return found === null ? source.length : found.index + length;
}
