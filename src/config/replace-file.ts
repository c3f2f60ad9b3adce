import { randomBytes } from 'node:crypto';
import { open, readdir, realpath, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Puts another content in place of a file's, mode 0600, so that whoever reads it sees the old or the new one and never a
 * part, whenever this process or the machine is stopped: written beside it, flushed to the disk, renamed over it, and the
 * folder flushed too. A symbolic link stays one; the file that it points at is replaced.
 * @throws the file system's error; the old content is then still there.
 */
export async function replaceFile(path: string, content: string): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const folder = dirname(target);
  const prefix = `.${basename(target)}.bearerd-`;
  await removeLeftovers(folder, prefix);
  const temporary = join(folder, `${prefix}${randomBytes(6).toString('hex')}`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(content, 'utf8');
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  await flushFolder(folder);
}

/** What a process that was killed in between has left: it holds a secret. */
async function removeLeftovers(folder: string, prefix: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const left = names.filter((name) => name.startsWith(prefix));
  await Promise.all(left.map((name) => unlink(join(folder, name)).catch(() => {})));
}

/** Without it the rename may be lost with the power; not every system lets a folder be flushed. */
async function flushFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    // The content is in place; only a power cut in the next seconds could undo it.
  }
}
