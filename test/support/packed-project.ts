import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repository } from './bearerd-process.ts';

const run = promisify(execFile);

/**
 * A project of somebody else's, with the packed package in its node_modules. No registry is asked: the tarball is unpacked
 * as npm does it, and what it depends on is linked from here.
 * @returns its folder, which is removed when the test ends
 */
export async function packedProject(t: { readonly teardown: (fn: () => void) => void }): Promise<string> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'bearerd-packed-')));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const { stdout } = await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], {
    cwd: repository,
  });
  await run('tar', ['-xzf', join(folder, stdout.trim().split('\n').at(-1) ?? ''), '-C', folder]);
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  cpSync(join(folder, 'package'), join(modules, 'bearerd'), { recursive: true });
  // What is declared (and what that needs) and nothing else, so that a forgotten dependency is found.
  const lock = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8'));
  for (const [path, { dev, devOptional }] of Object.entries<{ dev?: boolean; devOptional?: boolean }>(lock.packages)) {
    const [, name, more] = /^node_modules\/((?:@[^/]+\/)?[^/]+)(\/.+)?$/.exec(path) ?? [];
    if (name === undefined || more !== undefined || dev || devOptional) continue;
    if (name.startsWith('@')) mkdirSync(join(modules, name.split('/')[0] ?? ''), { recursive: true });
    symlinkSync(join(repository, 'node_modules', name), join(modules, name));
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }');
  return folder;
}
