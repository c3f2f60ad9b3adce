import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Test } from 'tap';
import { stringify } from 'yaml';
import { buildApp } from '../../src/app.ts';
import { Reloader } from '../../src/cli/reload.ts';
import { systemClock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createLog } from '../../src/log.ts';
import { providers } from '../../src/provider/index.ts';
import { MemoryStream } from './memory-stream.ts';
import { steadyLoad } from './steady-load.ts';
import { startRotatingEndpoint } from './token-endpoint.ts';
import { startUpstream } from './upstream.ts';

const perSecond = 200;
/** Milliseconds for one round at least; more than the watch and its settling need. */
const roundMs = 400;
/** Milliseconds that a round may take on a busy machine. */
const patienceMs = 10_000;

/**
 * Issue 4, acceptance 3: configuration and secret are replaced in a Kubernetes mount round after round (every fourth
 * time by a configuration that is wrong), the old secret stops working, and no request notices.
 */
export async function reloadUnderLoad(t: Test, rounds: number): Promise<void> {
  const before = resources();
  const idp = await startRotatingEndpoint(2, secretOf(0));
  const upstream = await startUpstream(({ headers }, response) => {
    response.statusCode = idp.issued.includes(headers.authorization?.slice('Bearer '.length) ?? '') ? 200 : 500;
    response.end(String(headers['x-round']));
  });
  const folder = t.testdir({});
  const configOf = (round: number): object => ({
    listen: '127.0.0.1:0',
    // another port now and then: the admin listener moves while the proxy serves
    admin: round % 5 === 4 ? 'off' : '127.0.0.1:0',
    drainTimeout: '300ms',
    log: { level: round % 2 === 0 ? 'info' : 'warn' },
    upstream: upstream.url,
    // other connections now and then: the old ones have to end without a lost request
    timeouts: { connect: `${5 + (round % 3)}s` },
    headers: { set: { 'X-Round': String(round) } },
    credential: { tokenEndpoint: idp.url, clientId: 'app', clientSecret: { file: './secret' } },
  });
  swap(folder, 0, { 'bearerd.yaml': stringify(configOf(0)), secret: secretOf(0) });
  for (const name of ['bearerd.yaml', 'secret']) symlinkSync(join('..data', name), join(folder, name));

  const output = new MemoryStream();
  const log = await createLog({ level: 'info', format: 'json', color: false, stream: output, redact: (line) => line });
  const load = () => loadConfig({ env: {}, flags: {}, cwd: folder, home: undefined, providers });
  const firstReadMs = Date.now();
  const first = load();
  const app = await buildApp(first.config, { clock: systemClock, random: Math.random, log });
  const { proxy } = await app.start();
  let settled = 0;
  const reloader = new Reloader({
    app: {
      reload: async (config, changed) => {
        const addresses = await app.reload(config, changed);
        settled += 1;
        return addresses;
      },
      reloadFailed: (problems) => {
        app.reloadFailed(problems);
        settled += 1;
      },
    },
    log,
    load,
    first,
    firstReadMs,
    clock: systemClock,
    onTakenOver: () => {},
    intervalMs: 50,
  });
  await reloader.start();

  let over = false;
  const longestMs = rounds * (roundMs + patienceMs);
  const loading = steadyLoad(proxy[0]?.url ?? '', perSecond, longestMs, undefined, () => over);
  let wrong = 0;
  for (let round = 1; round <= rounds; round += 1) {
    const before = settled;
    if (round % 4 === 0 && round < rounds) {
      wrong += 1;
      swap(folder, round, { 'bearerd.yaml': 'upstream: nowhere\n', secret: secretOf(round) });
    } else swap(folder, round, { 'bearerd.yaml': stringify(configOf(round)), secret: secretOf(round) });
    // as at an identity provider: old and new are taken for a while, then the old one no longer
    idp.secrets.add(secretOf(round));
    if (round % 3 === 0) await reloader.now();
    await delay(roundMs);
    for (const end = Date.now() + patienceMs; settled === before && Date.now() < end; ) await delay(20);
    idp.secrets.delete(secretOf(round - 1));
  }
  await delay(500);
  over = true;
  const result = await loading;
  await reloader.stop();
  await app.stop();
  log.flush();

  const events = output.records().map(({ event }) => event);
  const failed = events.filter((event) => event === 'config_reload_failed').length;
  t.same([...result.statuses], [[200, result.sent]], `${result.sent} requests; ${result.failures.join(' | ')}`);
  t.ok(result.sent >= (rounds * roundMs * perSecond) / 1000, 'at the full rate');
  t.ok(failed >= wrong, `${failed} of ${wrong} wrong configurations were reported`);
  t.equal(upstream.seen.at(-1)?.headers['x-round'], String(rounds), 'the last configuration is the one in force');
  t.ok(idp.issued.length > 2, `tokens were refreshed meanwhile: ${idp.issued.length}`);
  t.equal(idp.refused, 0, 'each token request had the secret of its time');
  t.ok(
    new Set(upstream.seen.map(({ headers }) => headers['x-round'])).size >= rounds - wrong,
    'every right configuration was in force for a while',
  );
  await Promise.all([idp.close(), upstream.close()]);
  const more = () => [...resources()].filter(([kind, count]) => count > (before.get(kind) ?? 0));
  // a look at the files that has begun comes to its end, which takes its time on a slow disk
  for (const end = Date.now() + patienceMs; more().length > 0 && Date.now() < end; ) await delay(20);
  t.same(more(), [], 'no socket, server, timer or listener is left');
}

function secretOf(round: number): string {
  return `secret-of-round-${round}`;
}

/** As a kubelet does it: a new folder, and the link `..data` renamed over the old one. */
function swap(folder: string, round: number, files: Readonly<Record<string, string>>): void {
  const fresh = `..2026_${round}`;
  mkdirSync(join(folder, fresh));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, fresh, name), text);
  symlinkSync(fresh, join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  if (round > 0) rmSync(join(folder, `..2026_${round - 1}`), { recursive: true });
}

/** How many of each kind of thing keep the process alive, and how many listeners each event of the process has. */
function resources(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>(
    process.eventNames().map((name) => [`listener ${String(name)}`, process.listenerCount(name)]),
  );
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}
