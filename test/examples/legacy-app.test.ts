import { spawn } from 'node:child_process';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { repository } from '../support/bearerd-process.ts';
import { eventually } from '../support/tcp.ts';
import { startUpstream } from '../support/upstream.ts';

const program = join(repository, 'examples', 'compose', 'legacy-app', 'legacy-app.mjs');

/** Milliseconds between the first two requests of the program. */
async function pauseBetween(t: Test, interval: string): Promise<number> {
  const atMs: number[] = [];
  const upstream = await startUpstream((_request, response) => {
    atMs.push(performance.now());
    response.end('[]');
  });
  const env = { ...process.env, API_URL: upstream.url, INTERVAL_MS: interval };
  const child = spawn(process.execPath, [program], { env, stdio: 'ignore' });
  t.teardown(async () => {
    child.kill('SIGKILL');
    await upstream.close();
  });
  await eventually(() => atMs.length >= 2, 'it has asked twice', 20_000);
  const [first = 0, second = 0] = atMs;
  return second - first;
}

t.test('it asks once a second where its interval is no number: a timer would fire each millisecond', async (t) => {
  const intervals = ['1s', '', '0', `\${INTERVAL_MS:-1000}`];
  const pauses = await Promise.all(intervals.map((interval) => pauseBetween(t, interval)));
  for (const [n, pauseMs] of pauses.entries()) t.ok(pauseMs > 500, `${JSON.stringify(intervals[n])}: ${pauseMs} ms`);
});

t.test('it asks as often as it is told', async (t) => {
  t.ok((await pauseBetween(t, '50')) < 900, 'less than the second of the others');
});
