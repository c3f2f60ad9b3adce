import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

/** A source file of the project. */
export interface SourceFile {
  /** Relative to the project, with slashes: `src/token/provider.ts`. */
  readonly path: string;
  readonly text: string;
}

/** Every TypeScript file under a folder of the project, sorted. */
export function sourceFiles(folder: string): SourceFile[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name.split(sep).join('/')}`)
    .sort()
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}

/** The modules of the status page; what of them can run without a browser is tested like everything else. */
export function runsInBrowser(path: string): boolean {
  return path.startsWith('src/admin/page/');
}

/** Where the compiler puts a source file. */
export function compiledPath(source: string): string {
  return join('build', source.replace(/\.ts$/, '.js'));
}

/** Whether a source file leaves anything to run: one of types only compiles to `export {}`. */
export function hasCode(source: string): boolean {
  const compiled = readFileSync(compiledPath(source), 'utf8');
  return compiled.replace(/\/\*[\s\S]*?\*\/|\/\/.*$|export \{\};/gm, '').trim() !== '';
}
