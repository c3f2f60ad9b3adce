import type { TapResult } from './tap-reading.ts';

/** More files than this failing at once is no accident of a busy machine. */
const maxFiles = 3;

/**
 * The files to run once more, alone and one after the other: some tests measure time or memory, and a file that ran beside
 * it may have taken the processor. Empty where nothing failed, where more than three did, or where it is not known which.
 */
export function secondLook({ failed, failedFiles }: TapResult): readonly string[] {
  const known = failed > 0 && failedFiles !== undefined && failedFiles.length <= maxFiles;
  return known ? failedFiles : [];
}

/** Both runs in one: of the files that were looked at again, only the second run's failures count. */
export function afterSecondLook(first: TapResult, second: TapResult): TapResult {
  return { ...second, passed: first.passed, switchedOff: first.switchedOff + second.switchedOff };
}
