import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { runCommandsOf } from '../support/page-commands.ts';
import { must } from './support/program.ts';

const folder = t.testdir();

runCommandsOf('docs/token-cache.md', [
  [
    /^openssl rand -base64 32 > cache-key && chmod 600 cache-key$/,
    async (t, _words, command) => {
      await must('sh', ['-c', command], { cwd: folder });
      t.equal(Buffer.from(readFileSync(join(folder, 'cache-key'), 'utf8'), 'base64').length, 32);
      t.equal(statSync(join(folder, 'cache-key')).mode & 0o777, 0o600);
    },
  ],
]);
