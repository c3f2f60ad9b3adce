import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type App, buildApp } from '../../src/app.ts';
import { systemClock } from '../../src/clock.ts';
import { type Loaded, loadConfig } from '../../src/config/load.ts';
import { createLog } from '../../src/log.ts';
import { providers } from '../../src/provider/index.ts';
import { MemoryStream } from '../support/memory-stream.ts';
import { startRedis } from '../support/redis-server.ts';
import { startRotatingEndpoint } from '../support/token-endpoint.ts';
import { startUpstream } from '../support/upstream.ts';
import { keyText, until } from './support.ts';

/** An identity provider, an API that takes only its latest token, and a way to start processes in front of it. */
async function world(t: Test) {
  const idp = await startRotatingEndpoint(300, 'geheim-am-idp');
  const revoked = new Set<string>();
  const upstream = await startUpstream(({ headers }, response) => {
    const token = headers.authorization?.slice('Bearer '.length) ?? '';
    if (idp.issued.includes(token) && !revoked.has(token)) return void response.end(token);
    response.statusCode = 401;
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ statusCode: 401, errorCode: 'invalidToken' }));
  });
  const folder = t.testdir({ key: `${keyText('k')}\n`, newer: `${keyText('n')}\n` });
  const apps = new Set<App>();
  const output = new MemoryStream();
  const log = await createLog({ level: 'info', format: 'json', color: false, stream: output, redact: (line) => line });
  const load = (cache: unknown): Loaded =>
    loadConfig({
      object: {
        listen: '127.0.0.1:0',
        admin: '127.0.0.1:0',
        tokens: { cache },
        upstream: upstream.url,
        preset: 'collibra',
        credential: { tokenEndpoint: idp.url, clientId: 'my-app', clientSecret: 'geheim-am-idp' },
      },
      env: {},
      flags: {},
      cwd: folder,
      home: undefined,
      providers,
    });
  const start = async (cache: unknown) => {
    const app = await buildApp(load(cache).config, { clock: systemClock, random: Math.random, log });
    apps.add(app);
    const { proxy, admin } = await app.start();
    return { app, url: proxy[0]?.url ?? '', admin: admin ?? '' };
  };
  const get = async (url: string) => {
    const response = await fetch(url);
    return `${response.status} ${await response.text()}`;
  };
  const events = () => {
    log.flush();
    return output.records().map(({ event }) => event);
  };
  t.teardown(async () => {
    await Promise.all([...apps].map((app) => app.stop()));
    await Promise.all([idp.close(), upstream.close()]);
  });
  return { idp, revoked, folder, load, start, get, events, output, log };
}

t.test('issue 9, acceptance 2: 20 restarts with the file cache make one token request', async (t) => {
  const { idp, folder, start, get, events } = await world(t);
  for (let round = 0; round < 20; round += 1) {
    const { app, url } = await start({ file: './tokens', key: { file: './key' } });
    t.equal(await get(url), '200 token-1');
    await app.stop();
  }
  t.equal(idp.issued.length, 1);
  const kept = readFileSync(join(folder, 'tokens'), 'utf8');
  for (const clear of ['token-1', 'geheim', 'my-app', idp.url, keyText('k')]) t.notOk(kept.includes(clear), clear);
  t.notOk(events().includes('token_cache_unavailable'));
});

t.test('three processes on one Redis: one token request, also for a token that was revoked', async (t) => {
  const redis = await startRedis();
  const { idp, revoked, start, get, output, log } = await world(t);
  const cache = { redis: redis.url, key: { file: './key' } };
  const started = await Promise.all([start(cache), start(cache), start(cache)]);
  t.same(await Promise.all(started.map(({ url }) => get(url))), Array(3).fill('200 token-1'));
  t.equal(idp.issued.length, 1);
  revoked.add('token-1');
  const all = started.flatMap(({ url }) => [url, url, url, url]);
  t.same(await Promise.all(all.map(get)), Array(12).fill('200 token-2'));
  t.equal(idp.issued.length, 2);
  const dump = JSON.stringify([...redis.values]);
  for (const clear of ['token-1', 'token-2', 'geheim', 'my-app', idp.url, keyText('k')]) {
    t.notOk(dump.includes(clear) || dump.includes(Buffer.from(clear).toString('base64url')), clear);
  }
  await until(() => redis.values.size === 1, 'the locks to be let go');

  const first = started[0];
  const status: unknown = await (await fetch(`${first?.admin}/api/status`)).json();
  t.match(status, { tokenCache: { kind: 'redis', available: true, problem: null } });
  await redis.stop();
  await until(() => {
    log.flush();
    return output.text.includes('token_cache_unavailable');
  }, 'the end of the connection to be told');
  const metrics = await (await fetch(`${first?.admin}/metrics`)).text();
  t.match(metrics, /^bearerd_token_cache_available\{cache="redis"\} 0$/m);
  t.match(await (await fetch(`${first?.admin}/api/status`)).json(), { tokenCache: { available: false } });
  revoked.add('token-2');
  t.same(
    (await Promise.all(all.map(get))).map((answer) => answer.slice(0, 3)),
    Array(12).fill('200'),
  );
  t.equal(idp.issued.length, 5, 'without Redis each process asks by itself');
  t.equal((await fetch(`${first?.admin}/readyz`)).status, 200);
});

t.test('a fresh token of another process that was revoked meanwhile is no mistake of the configuration', async (t) => {
  const redis = await startRedis();
  t.teardown(redis.stop);
  const { idp, revoked, start, get } = await world(t);
  const cache = { redis: redis.url, key: { file: './key' } };
  const first = await start(cache);
  t.equal(await get(first.url), '200 token-1');
  await until(() => redis.values.size === 1 && [...redis.values.keys()][0]?.includes('token') === true, 'the entry');
  const second = await start(cache);
  await until(() => redis.commands.filter((one) => one.startsWith('GET')).length >= 3, 'the second to have it');
  revoked.add('token-1');
  t.equal(await get(second.url), '200 token-2', 'it had no answer yet that showed the token to be good');
  t.equal(await get(first.url), '200 token-2');
  t.equal(idp.issued.length, 2);
});

t.test('a reload takes another cache into use, keeps one that stays, and a stop ends the connection', async (t) => {
  const redis = await startRedis();
  t.teardown(redis.stop);
  const { idp, load, start, get } = await world(t);
  const cache = { redis: redis.url, key: { file: './key' } };
  const { app, url } = await start('memory');
  t.equal(await get(url), '200 token-1');
  t.equal(redis.commands.length, 0);
  await app.reload(load(cache).config);
  const other = await start(cache);
  t.equal(await get(other.url), '200 token-2', 'the token that was there before is not put there afterwards');
  await until(() => redis.connections.size === 2, 'both connections');
  await app.reload(load(cache).config);
  t.equal(redis.connections.size, 2, 'nothing has changed, nothing is opened');
  await app.reload(load({ ...cache, key: [{ file: './newer' }, { file: './key' }] }).config);
  await until(() => redis.connections.size === 2, 'the old connection to end');
  await app.reload(load('memory').config);
  await until(() => redis.connections.size === 1, 'the connection to end');
  await other.app.stop();
  await until(() => redis.connections.size === 0, 'the last connection to end');
  t.equal(await get(url), '200 token-1');
  t.equal(idp.issued.length, 2);
});

t.test('a key file that is gone for a while: told, each asks by itself, and mended by itself', async (t) => {
  const redis = await startRedis();
  t.teardown(redis.stop);
  const { idp, revoked, start, get, folder, events } = await world(t);
  const { url, admin } = await start({ redis: redis.url, key: { file: './key' } });
  t.equal(await get(url), '200 token-1');
  renameSync(join(folder, 'key'), join(folder, 'away'));
  revoked.add('token-1');
  t.equal(await get(url), '200 token-2');
  const problem = /key does not exist/;
  t.match(await (await fetch(`${admin}/api/status`)).json(), { tokenCache: { available: false, problem } });
  renameSync(join(folder, 'away'), join(folder, 'key'));
  revoked.add('token-2');
  t.equal(await get(url), '200 token-3');
  t.match(await (await fetch(`${admin}/api/status`)).json(), { tokenCache: { available: true, problem: null } });
  const told = events().filter((event) => String(event).startsWith('token_cache_'));
  t.same(told, ['token_cache_unavailable', 'token_cache_available']);
  t.equal(idp.issued.length, 3);
});

t.test('a stop in the middle of a token request leaves no lock', async (t) => {
  const redis = await startRedis();
  t.teardown(redis.stop);
  const { idp, start } = await world(t);
  const { app } = await start({ redis: redis.url, key: keyText('k') });
  await app.stop();
  t.ok(idp.issued.length <= 1);
  t.notOk([...redis.values.keys()].some((name) => name.startsWith('bearerd:lock:')));
});
