import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The licences of the packages whose code is in a bundle: most of them ask that their text goes with every copy.
 * @param inputs the files of the bundle, as esbuild names them
 * @returns a text with one line `== NAME VERSION, LICENCE` per package, sorted, and its licence under it
 */
export function notices(inputs: readonly string[]): string {
  const folders = new Set(inputs.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]));
  const parts = [...folders].filter((folder) => folder !== undefined).map(notice);
  return `bearerd contains code of these packages, each under its own licence.\n\n${parts.sort().join('\n')}`;
}

function notice(folder: string): string {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const texts = readdirSync(folder)
    .filter((file) => /^(?:licen[cs]e|notice|copying)\b/i.test(file))
    .map((file) => readFileSync(join(folder, file), 'utf8').trim());
  // a few bring no file, but name their licence and author
  const by = texts.length > 0 ? texts : [`${license}, by ${author?.name ?? author ?? 'its authors'}`];
  return `== ${name} ${version}, ${license}\n\n${by.join('\n\n')}\n`;
}
