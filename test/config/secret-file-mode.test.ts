import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { formatProblem } from '../../src/config/input.ts';
import { loadConfig } from '../../src/config/load.ts';
import { providers } from '../../src/provider/index.ts';

const upstream = 'upstream: https://api.example.com';
const endpoint = 'tokenEndpoint: https://idp.example.com/token, clientId: me';

/** One configuration per kind of file with a secret in it; %FILE is that file. */
const places: Readonly<Record<string, string>> = {
  clientSecret: `${upstream}\ncredential: { ${endpoint}, clientSecret: { file: %FILE } }\n`,
  path: `${upstream}\ncredential: { provider: file, path: %FILE }\n`,
  token: `${upstream}\ncredential: { provider: static, token: { file: %FILE } }\n`,
  refreshToken: `${upstream}\ncredential: { provider: refresh-token, ${endpoint}, clientSecret: x, refreshToken: { file: %FILE } }\n`,
  localKey: `${upstream}\nguard: { localKey: { file: %FILE } }\ncredential: { provider: static, token: x }\n`,
};

/** What owner, group and others may do, and whether somebody should hear of it. */
const modes: readonly (readonly [mode: number, warned: boolean])[] = [
  [0o600, false],
  [0o400, false],
  [0o640, false],
  [0o660, false],
  [0o644, true],
  [0o602, true],
  [0o777, true],
];

for (const [place, text] of Object.entries(places)) {
  t.test(`a secret file that everybody can open: ${place}`, async (t) => {
    const cwd = t.testdir({ 'bearerd.yaml': text.replace('%FILE', './file') });
    const file = join(cwd, 'file');
    writeFileSync(file, 'a-secret-that-is-long-enough-for-everybody\n');
    for (const [mode, warned] of modes) {
      chmodSync(file, mode);
      const { warnings } = loadConfig({ env: {}, flags: {}, cwd, file: 'bearerd.yaml', home: undefined, providers });
      const found = warnings.map(formatProblem).filter((one) => one.includes('open to every user'));
      t.equal(found.length, warned ? 1 : 0, `${mode.toString(8)}: ${found.join()}`);
      if (!warned) continue;
      t.match(
        found[0],
        new RegExp(`${place}(\\.file)?: the file ${file} is open to every user of this machine; .*chmod o-rwx$`),
      );
      t.notMatch(found[0], 'a-secret-that');
    }
  });
}
