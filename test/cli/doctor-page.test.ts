import { spawnSync } from 'node:child_process';
import { binary } from '../support/bearerd-process.ts';
import { runCommandsOf } from '../support/page-commands.ts';

const part = (facts: object): string => Buffer.from(JSON.stringify(facts)).toString('base64url');

runCommandsOf('docs/doctor.md', [
  [
    /^bearerd (doctor --token-stdin)$/,
    (t, [words = '']) => {
      const token = `${part({ alg: 'RS256', typ: 'at+jwt' })}.${part({ iss: 'https://idp.example.com', exp: 1 })}.c2lnbmF0dXJl`;
      const input = `Authorization: Bearer ${token}\n`;
      const { status, stdout } = spawnSync(process.execPath, [binary, ...words.split(' ')], {
        input,
        encoding: 'utf8',
      });
      t.equal(status, 1, 'it has expired');
      t.match(stdout, 'https://idp.example.com');
      t.notMatch(stdout, token);
    },
  ],
]);
