import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { startEndpoint } from './support.ts';

const program = fileURLToPath(new URL('./refresh-for-ever.js', import.meta.url));

t.test(
  'kill -9 at any moment of a rotation: the file has one whole refresh token, and the next start works',
  async (t) => {
    const folder = t.testdir({ refresh: 'refresh-token-0\n' });
    const file = join(folder, 'refresh');
    let count = 0;
    let refusals = 0;
    // As identity providers do it: the token before stays good until the new one has been used, because an answer may be lost.
    let good = ['refresh-token-0'];
    let asked = (): void => {};
    const endpoint = await startEndpoint(t, (response) => {
      const used = new URLSearchParams(endpoint.last().body).get('refresh_token') ?? '';
      if (!good.includes(used)) {
        refusals += 1;
        response.writeHead(400).end('{"error":"invalid_grant"}');
      } else {
        count += 1;
        const next = `refresh-token-${count}`;
        good = [used, next];
        response.end(JSON.stringify({ access_token: `tok-${count}`, expires_in: 60, refresh_token: next }));
      }
      asked();
    });
    for (let round = 0; round < 8; round++) {
      const before = count;
      const first = new Promise<void>((resolve) => {
        asked = resolve;
      });
      const child = spawn(process.execPath, [program, endpoint.url, file], { stdio: ['ignore', 'ignore', 'inherit'] });
      await first;
      // Most rounds end within the first rotations, at another moment each time; the first one in the middle of an answer.
      const moment = performance.now() + round * 61.3;
      while (performance.now() < moment) await new Promise((resolve) => setImmediate(resolve));
      child.kill('SIGKILL');
      await once(child, 'exit');
      t.ok(count > before, `round ${round}: the start worked`);
      const [, whole] = /^(refresh-token-\d+)\n$/.exec(readFileSync(file, 'utf8')) ?? [];
      t.ok(whole !== undefined && good.includes(whole), `round ${round}: ${whole} is whole and good`);
      t.ok(readdirSync(folder).length <= 2, 'leftovers do not pile up');
    }
    t.equal(refusals, 0);
  },
);
