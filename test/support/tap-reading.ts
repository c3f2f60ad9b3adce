/** What a run of tap came to. */
export interface TapResult {
  /** Assertions, not files. */
  readonly passed: number;
  readonly failed: number;
  /** Assertions marked skip or todo; the house rules allow none. */
  readonly switchedOff: number;
  /** The files that failed, as tap was given them; undefined where tap did not come to its end, so that there may be more. */
  readonly failedFiles: readonly string[] | undefined;
}

/**
 * Reads tap's raw output line by line: keeps quiet about files that pass, hands the rest over whole but for its passing
 * lines, and takes the count from tap's own summary.
 */
export class TapReading {
  readonly #show: (text: string) => void;
  #block: string[] = [];
  readonly #failedFiles: string[] = [];
  #bailedOut = false;
  #summary: { readonly passed: number; readonly failed: number; readonly switchedOff: number } | undefined;

  constructor(show: (text: string) => void) {
    this.#show = show;
  }

  line(line: string): void {
    const count = /^# \{ (total: .*) \}$/.exec(line)?.[1];
    if (count !== undefined) {
      this.#summary = {
        passed: numberAfter('pass', count),
        failed: numberAfter('fail', count),
        switchedOff: numberAfter('skip', count) + numberAfter('todo', count),
      };
    } else if (line.startsWith('Bail out!')) {
      this.#bailedOut = true;
      this.#show(line);
    } else if (line.startsWith('# Subtest: ')) {
      this.#flush();
      this.#block = [line];
    } else if (line.startsWith('not ok ')) {
      this.#failedFiles.push(/^not ok \d+ - (\S+)/.exec(line)?.[1] ?? line);
      this.#show(failuresOf([...this.#block, line]));
      this.#block = [];
      // The details that follow a failed file are tap's command line: of no use to the reader.
    } else if (line.startsWith('ok ')) {
      this.#block = [];
    } else {
      this.#block.push(line);
    }
  }

  /**
   * The result when tap has ended.
   * @param clean tap's own exit code was 0: then and only then may the count of failures be 0.
   */
  result(clean: boolean): TapResult {
    this.#flush();
    const { passed, failed, switchedOff } = this.#summary ?? { passed: 0, failed: 0, switchedOff: 0 };
    const ended = this.#summary !== undefined && !this.#bailedOut;
    return {
      passed,
      failed: Math.max(failed, this.#failedFiles.length, ended && clean ? 0 : 1),
      switchedOff,
      failedFiles: ended ? this.#failedFiles : undefined,
    };
  }

  /** A file whose end never came: show what there is of it. */
  #flush(): void {
    if (this.#block[0]?.startsWith('# Subtest: ')) this.#show(failuresOf(this.#block));
    this.#block = [];
  }
}

function numberAfter(word: string, text: string): number {
  return Number(new RegExp(`\\b${word}: (\\d+)`).exec(text)?.[1] ?? 0);
}

function failuresOf(lines: readonly string[]): string {
  return lines
    .filter((line) => !/^\s*ok \d/.test(line) && line.trim() !== '' && !/^\s*1\.\.\d+$/.test(line))
    .join('\n');
}
