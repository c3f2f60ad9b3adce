import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const source = 'src/admin/page';

/**
 * Puts the status page together: its modules as one script, the other files as they are.
 * @param folder where src/admin/page-files.ts looks for them, beside itself
 */
export async function buildPage(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const name of ['page.html', 'page.css', 'icon.svg']) copyFileSync(join(source, name), join(folder, name));
  await build({
    entryPoints: [join(source, 'page.ts')],
    outfile: join(folder, 'page.js'),
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: 'warning',
  });
}
