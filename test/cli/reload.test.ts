import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { stringify } from 'yaml';
import type { Status } from '../../src/admin/status.ts';
import { buildApp } from '../../src/app.ts';
import { Reloader } from '../../src/cli/reload.ts';
import { systemClock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createLog } from '../../src/log.ts';
import { providers } from '../../src/provider/index.ts';
import { MemoryStream } from '../support/memory-stream.ts';
import { startRotatingEndpoint } from '../support/token-endpoint.ts';
import { startUpstream } from '../support/upstream.ts';

// Interface section 9: reload.

/** A proxy whose configuration is in a folder of the test's; reloads happen when the test says so. */
async function setUp(t: Test, secret = 'first-secret') {
  const idp = await startRotatingEndpoint(3600, 'first-secret');
  const upstream = await startUpstream(({ headers }, response) => response.end(String(headers['x-round'])));
  const folder = t.testdir({ secret });
  const configuration = (over: object = {}): object => ({
    listen: '127.0.0.1:0',
    admin: '127.0.0.1:0',
    upstream: upstream.url,
    credential: { tokenEndpoint: idp.url, clientId: 'app', clientSecret: { file: './secret' } },
    ...over,
  });
  const write = (name: string, content: string | object): void =>
    writeFileSync(join(folder, name), typeof content === 'string' ? content : stringify(content));
  write('bearerd.yaml', configuration());
  const output = new MemoryStream();
  const log = await createLog({ level: 'info', format: 'json', color: false, stream: output, redact: (line) => line });
  const load = () => loadConfig({ env: {}, flags: {}, cwd: folder, home: undefined, providers });
  const firstReadMs = Date.now();
  const first = load();
  const about = { version: '1.2.3', node: '20.20.2', file: first.file };
  const app = await buildApp(first.config, { clock: systemClock, random: Math.random, log, about });
  const { proxy, admin = '' } = await app.start();
  const url = proxy[0]?.url ?? '';
  // so long an interval that only the test looks
  const reloader = new Reloader({
    app,
    log,
    load,
    first,
    firstReadMs,
    clock: systemClock,
    onTakenOver: () => {},
    intervalMs: 3_600_000,
  });
  await reloader.start();
  t.teardown(async () => {
    await reloader.stop();
    await app.stop();
    await Promise.all([idp.close(), upstream.close()]);
  });
  const events = (name: string) => {
    log.flush();
    return output.records().filter(({ event }) => event === name);
  };
  const metric = async (name: string): Promise<string | undefined> => {
    const text = await (await fetch(`${admin}/metrics`)).text();
    return text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length + 1);
  };
  // What the admin app sends is a Status by its own type.
  const status = async () => (await (await fetch(`${admin}/api/status`)).json()) as Status;
  return { idp, upstream, folder, configuration, write, reloader, url, admin, events, metric, status, output, log };
}

t.test('a bad configuration: the one before stays, and everybody can see it', async (t) => {
  const { write, configuration, reloader, url, admin, events, metric, status } = await setUp(t);
  t.equal(await (await fetch(url)).text(), 'undefined');
  t.equal(await metric('bearerd_config_last_reload_successful'), '1');
  write('bearerd.yaml', { ...configuration(), prset: 'x', listen: 'nowhere:x' });
  await reloader.now();
  const [failed] = events('config_reload_failed');
  t.equal(failed?.['level'], 'error');
  t.match(failed?.['problems'], [/^bearerd\.yaml:1:9: listen: /, /prset: is not a known key/]);
  t.equal(await metric('bearerd_config_last_reload_successful'), '0');
  t.equal(await metric('bearerd_config_reloads_total{outcome="failure"}'), '1');
  t.equal((await fetch(`${admin}/readyz`)).status, 200, 'ready, because it serves');
  t.match((await status()).configuration, {
    file: 'bearerd.yaml',
    lastReload: { outcome: 'failure', problems: [/listen/, /prset/] },
  });
  t.equal((await fetch(url)).status, 200);
  write('bearerd.yaml', configuration({ headers: { set: { 'X-Round': '2' } } }));
  await reloader.now();
  t.equal(await (await fetch(url)).text(), '2');
  t.equal(await metric('bearerd_config_last_reload_successful'), '1');
  t.match((await status()).configuration.lastReload, { outcome: 'success', problems: [] });
});

t.test('the token in use outlives a reload and a changed secret', async (t) => {
  const { idp, write, configuration, reloader, url, status } = await setUp(t);
  await fetch(url);
  write('secret', 'second-secret');
  write('bearerd.yaml', configuration({ drainTimeout: '1s', headers: { set: { 'X-Round': '1' } } }));
  await reloader.now();
  t.equal(await (await fetch(url)).text(), '1');
  t.equal(idp.issued.length, 1);
  t.match((await status()).credentials, [{ state: 'ok', token: { generation: 1 } }]);
});

t.test('a changed secret ends the failure memory of its credential at once', async (t) => {
  const { idp, write, reloader, url, status } = await setUp(t, 'wrong-secret');
  t.equal((await fetch(url)).status, 502);
  const refused = idp.refused;
  t.match((await status()).credentials, [{ state: 'failing', lastFailure: { kind: 'permanent' } }]);
  t.equal((await fetch(url)).status, 502);
  t.equal(idp.refused, refused, 'the failure is remembered');
  write('secret', 'first-secret');
  await reloader.now();
  t.equal((await fetch(url)).status, 200);
  t.equal(idp.refused, refused, 'the wrong secret was not sent again');
});

t.test('log.level and log.access change while it runs; what needs a restart is named', async (t) => {
  const { write, configuration, reloader, url, events } = await setUp(t);
  const lines = async () => {
    await (await fetch(url)).text();
    await new Promise((resolve) => setTimeout(resolve, 20));
    return events('request').length;
  };
  t.equal(await lines(), 1);
  write('bearerd.yaml', configuration({ log: { level: 'warn' } }));
  await reloader.now();
  t.equal(await lines(), 1, 'level warn: no line for the request');
  write('bearerd.yaml', configuration({ log: { access: false } }));
  await reloader.now();
  t.equal(await lines(), 1, 'access false');
  write('bearerd.yaml', configuration({ log: { format: 'json' }, limits: { headersSize: '32KiB' } }));
  await reloader.now();
  t.equal(await lines(), 2);
  t.match(events('config_needs_restart'), [{ level: 'warn', settings: ['limits.headersSize', 'log.format'] }]);
});

t.test('an address that is taken: nothing changes', async (t) => {
  const { write, configuration, reloader, url, upstream, status } = await setUp(t);
  write('bearerd.yaml', configuration({ listen: `127.0.0.1:${upstream.port}`, headers: { set: { 'X-Round': '9' } } }));
  await reloader.now();
  t.match((await status()).configuration.lastReload, { outcome: 'failure', problems: [/cannot listen on/] });
  t.equal(await (await fetch(url)).text(), 'undefined');
});

t.test('the refresh call gets a new token, whatever the old one has left', async (t) => {
  const { idp, url, admin } = await setUp(t);
  await fetch(url);
  const call = () =>
    fetch(`${admin}/api/credentials/default/refresh`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
  const answer = await call();
  t.equal(answer.status, 200);
  t.match(await answer.json(), { name: 'default', state: 'ok', token: { generation: 2 } });
  t.equal(idp.issued.length, 2);
  idp.secrets.clear();
  const refused = await call();
  t.equal(refused.status, 502);
  t.match(await refused.json(), { code: 'BEARERD_TOKEN_REFUSED', detail: /invalid_client/ });
  t.equal((await fetch(url)).status, 200, 'the token in use stays');
});

t.test(
  'files are watched: a configuration that names a missing file is taken over once the file is there',
  async (t) => {
    const { folder, write, configuration, reloader, url, log, events } = await setUp(t);
    await reloader.stop();
    const load = () => loadConfig({ env: {}, flags: {}, cwd: folder, home: undefined, providers });
    const taken = new Promise<void>((resolve) => {
      const app = { reload: async () => ({ proxy: [], admin: undefined }), reloadFailed: () => {} };
      const watching = new Reloader({
        app,
        log,
        load,
        first: load(),
        firstReadMs: Date.now(),
        clock: systemClock,
        onTakenOver: () => resolve(),
        intervalMs: 20,
      });
      t.teardown(() => watching.stop());
      const credential = { tokenEndpoint: url, clientId: 'app', clientSecret: { file: './later' } };
      void watching.start().then(() => write('bearerd.yaml', configuration({ credential })));
    });
    while (events('config_reload_failed').length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    t.match(events('config_reload_failed')[0]?.['problems'], [/later does not exist/]);
    write('later', 'there');
    await taken;
    t.match(events('config_reloaded').at(-1), { changed: [/later$/] });
  },
);
