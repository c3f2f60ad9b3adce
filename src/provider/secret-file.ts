import { parsed } from '../config/option/parsed.ts';
import { closeIt, openToAll } from '../config/option/secret.ts';
import type { Lint } from '../config/provider-definition.ts';
import { Secret } from '../config/secret.ts';
import type { Complaint } from '../config/shape.ts';

interface FileSpec {
  readonly doc: string;
  readonly example: string;
  readonly required?: true;
}

/** The path of a file that somebody else writes; it need not be there yet when the configuration is read. */
export function secretFile<const S extends FileSpec>(spec: S) {
  const read = (text: string, where: (path: string) => string): { readonly value: Secret } | Complaint =>
    text === ''
      ? { problem: 'is empty', cure: `write ${spec.example}` }
      : { value: new Secret({ kind: 'file', path: where(text) }) };
  return parsed<Secret, S>({ ...spec, type: 'path', read });
}

/** Warns of a file that is not there (yet), has nothing in it, or can be read by everybody. */
export function lintFile(path: string, file: Secret): readonly Lint[] {
  const cure = 'check the path, or have it written before the first request';
  try {
    if (file.facts()?.bytes === 0) {
      return [{ path, problem: `the ${file.description} is empty`, cure, severity: 'warning' }];
    }
    if (!file.openToAll) return [];
    return [{ path, problem: `the ${file.description} is ${openToAll}`, cure: closeIt, severity: 'warning' }];
  } catch (error) {
    const what = error instanceof Error ? error.message.replace(/^The /, 'the ').replace(/\.$/, '') : 'cannot be read';
    return [{ path, problem: what, cure, severity: 'warning' }];
  }
}
