import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Takes the files of a test folder away from everybody but their owner, as secrets should be; tap makes them for all. @returns the folder */
export function privateFolder(folder: string): string {
  for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o600);
  return folder;
}
