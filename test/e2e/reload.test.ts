import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { stringify } from 'yaml';
import { startBearerd } from '../support/bearerd-process.ts';
import { startUpstream } from '../support/upstream.ts';

// Interface section 9, seen from outside: the built binary, signals and files.

async function setUp(t: Test) {
  const upstream = await startUpstream(({ headers }, response) => response.end(String(headers['x-round'])));
  t.teardown(upstream.close);
  const settings = (round: number, over: object = {}): object => ({
    upstream: upstream.url,
    headers: { set: { 'X-Round': String(round) } },
    credential: { provider: 'static', token: { file: './token' } },
    log: { format: 'json' },
    ...over,
  });
  const bearerd = await startBearerd({ config: settings(1), files: { token: 'opaque-token-one' } });
  t.teardown(() => bearerd.stop('SIGKILL'));
  const write = (name: string, content: string | object) =>
    writeFileSync(join(bearerd.folder, name), typeof content === 'string' ? content : stringify(content));
  const events = (name: string) => bearerd.records().filter(({ event }) => event === name);
  const round = async () => (await fetch(bearerd.url)).text();
  return { bearerd, write, settings, events, round };
}

t.test('a changed file takes effect by itself, on the same port', async (t) => {
  const { bearerd, write, settings, events, round } = await setUp(t);
  t.equal(await round(), '1');
  write('bearerd.yaml', settings(2));
  await bearerd.until(() => events('config_reloaded').length === 1, 'the reload');
  t.equal(await round(), '2');
  t.equal(bearerd.stdout.match(/listens on/g)?.length, 1, 'nothing new to say about addresses');
});

t.test('SIGHUP: at once; a bad configuration is told with every problem and changes nothing', async (t) => {
  const { bearerd, write, settings, events, round } = await setUp(t);
  write('bearerd.yaml', { ...settings(2), prset: 'x', upstream: 'acme' });
  bearerd.send('SIGHUP');
  await bearerd.until(() => events('config_reload_failed').length > 0, 'the failure');
  t.match(events('config_reload_failed')[0]?.['problems'], [
    /^bearerd\.yaml:\d+:\d+: upstream: /,
    /prset: is not a known/,
  ]);
  t.equal(await round(), '1');
  const metrics = await (await fetch(`${bearerd.adminUrl}/metrics`)).text();
  t.match(metrics, /^bearerd_config_last_reload_successful 0$/m);
  t.equal((await fetch(`${bearerd.adminUrl}/readyz`)).status, 200);
  write('bearerd.yaml', settings(3));
  bearerd.send('SIGHUP');
  await bearerd.until(() => events('config_reloaded').length > 0, 'the reload');
  t.equal(await round(), '3');
  t.same(await bearerd.stop(), { code: 0, signal: undefined });
});

t.test('a file that is gone is a bad configuration too', async (t) => {
  const { bearerd, events, round } = await setUp(t);
  // by now the token has been read: it is read when bearerd listens already
  t.equal(await round(), '1');
  rmSync(join(bearerd.folder, 'token'));
  await bearerd.until(() => events('config_reload_failed').length > 0, 'the failure');
  t.match(events('config_reload_failed')[0]?.['problems'], [/token does not exist/]);
  t.equal(await round(), '1');
});
