import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../../support/bearerd-process.ts';
import { type Ended, must, type ProgramOptions, program } from './program.ts';

const scripts = join(repository, 'test', 'system', 'image');

/** podman in the tests' own store; also a --podman-path for podman-compose. */
export const podmanScript: string = join(scripts, 'podman.sh');

/** What a container may do in these tests: nothing that bearerd does not need. `--read-only-tmpfs=false`: not even /tmp can be written. */
export const hardened: readonly string[] = [
  '--read-only',
  '--read-only-tmpfs=false',
  '--cap-drop=all',
  '--security-opt=no-new-privileges',
];

/** Runs podman to its end. */
export function podman(args: readonly string[], options?: ProgramOptions): Promise<Ended> {
  return program(podmanScript, args, options);
}

/** Runs podman, which has to succeed. @returns its stdout */
export function mustPodman(args: readonly string[], options?: ProgramOptions): Promise<string> {
  return must(podmanScript, args, options);
}

/**
 * Builds the image from the working copy, once for all tests of the same sources. The first time on a machine the
 * stand-ins for the base images are made too, which takes minutes.
 * @returns its name
 */
export async function builtImage(): Promise<string> {
  const name = `localhost/bearerd:${sourceHash()}`;
  await must(join(scripts, 'build.sh'), ['.', '-t', name], { timeoutMs: 900_000 });
  return name;
}

/** Over everything that .dockerignore lets in, and the Dockerfile. */
function sourceHash(): string {
  const folders = ['src', 'packaging', 'config'].flatMap((folder) =>
    readdirSync(join(repository, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  const files = [
    'Dockerfile',
    '.dockerignore',
    '.npmrc',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'LICENSE',
  ];
  const hash = createHash('sha256');
  for (const file of [...files.map((name) => join(repository, name)), ...folders.sort()]) {
    hash.update(`${file.slice(repository.length)}\n`).update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 12);
}

/** Asks a question until the answer is right. @throws Error with the last answer after 60 s */
export async function eventually<T>(
  question: () => Promise<T>,
  right: (answer: T) => boolean,
  what: string,
): Promise<T> {
  const until = Date.now() + 60_000;
  for (;;) {
    const answer = await question().catch((error: unknown) => error);
    // An error is no answer of the question's.
    if (!(answer instanceof Error) && right(answer as T)) return answer as T;
    if (Date.now() > until) {
      const said = answer instanceof Error ? answer.message : JSON.stringify(answer);
      throw new Error(`waited 60 s for ${what}; last: ${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
