import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { stringify } from 'yaml';
import { type BearerdProcess, startBearerd } from '../support/bearerd-process.ts';
import { LeakSearch } from '../support/leak-search.ts';
import { steadyLoad } from '../support/steady-load.ts';
import { startRotatingEndpoint } from '../support/token-endpoint.ts';
import { startUpstream } from '../support/upstream.ts';
import { must } from './support/program.ts';

// Issue 9, acceptance 1 to 3: twenty processes of the bundle, Debian's redis-server, one identity provider.

const replicas = 20;
const secret = 'the-secret-of-the-client';
const clientId = 'the-id-of-the-client';
const key = 'uJ0p3m8b5Tq7Xv2cYh6Zk9Wd4Rf1Ns0GaLeKiOyQxE8=';

/** Debian's Redis on a free port, with a folder for its dump. */
async function startRedis(folder: string, port: number): Promise<ChildProcess> {
  const words = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--save',
    '',
    '--appendonly',
    'no',
    '--rdbcompression',
    'no',
  ];
  const child = spawn('redis-server', words, { stdio: 'ignore' });
  await new Promise((resolve, reject) => child.on('spawn', resolve).on('error', reject));
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const said = await must('redis-cli', ['-p', String(port), 'ping']).catch(() => '');
    if (said === 'PONG') return child;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('redis-server does not answer');
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** An identity provider, an API that knows its tokens, and twenty cold processes on one Redis between them. */
async function fleet(t: Test, lifeSeconds: number) {
  const folder = t.testdir({ secret: `${secret}\n`, key: `${key}\n` });
  const idp = await startRotatingEndpoint(lifeSeconds, secret);
  const revoked = new Set<string>();
  const upstream = await startUpstream(({ headers }, response) => {
    const token = headers.authorization?.slice('Bearer '.length) ?? '';
    response.statusCode = idp.issued.includes(token) && !revoked.has(token) ? 200 : 401;
    if (response.statusCode === 401) response.setHeader('WWW-Authenticate', 'Bearer error="invalid_token"');
    response.end('served');
  });
  const port = await freePort();
  const redis = { port, process: await startRedis(folder, port) };
  const processes: BearerdProcess[] = [];
  t.teardown(async () => {
    await Promise.all(processes.map((one) => one.stop('SIGKILL')));
    await Promise.all([idp.close(), upstream.close(), killed(redis.process)]);
  });
  const config = {
    upstream: upstream.url,
    // twenty processes on a busy machine: what is slow here is not what is tested
    timeouts: { connect: '60s' },
    log: { format: 'json', access: false },
    tokens: { cache: { redis: `redis://127.0.0.1:${port}`, key: { file: './key' } } },
    credential: { tokenEndpoint: idp.url, clientId, clientSecret: { file: './secret' } },
  };
  writeFileSync(join(folder, 'bearerd.yaml'), stringify(config));
  const started = Array.from({ length: replicas }, () => startBearerd({ folder }));
  processes.push(...(await Promise.all(started)));
  const answers = await Promise.all(processes.map(async ({ url }) => (await fetch(url)).text()));
  t.same(answers, Array(replicas).fill('served'), 'each of them serves');
  /** 200 requests/s over all of them until told otherwise. */
  const load = () => {
    let over = false;
    const running = processes.map(({ url }) => steadyLoad(url, 200 / replicas, 300_000, undefined, () => over));
    return async () => {
      over = true;
      const results = await Promise.all(running);
      const statuses = new Set(results.flatMap((result) => [...result.statuses.keys()]));
      const failures = results.flatMap((result) => result.failures);
      return { sent: results.reduce((sum, { sent }) => sum + sent, 0), statuses: [...statuses], failures };
    };
  };
  const logged = (event: string) => processes.filter(({ stderr }) => stderr.includes(`"event":"${event}"`)).length;
  return { folder, idp, revoked, redis, processes, load, logged };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until it holds; a test that waits in vain says so. */
async function until(holds: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + 60_000; !holds(); await pause(50)) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
  }
}

t.test('20 cold processes make one token request, and so they do when it is revoked under load', async (t) => {
  const { folder, idp, revoked, redis, processes, load } = await fleet(t, 3_600);
  t.equal(idp.issued.length, 1, 'one token request for all');

  await must('redis-cli', ['-p', String(redis.port), 'save']);
  const dump = readFileSync(join(folder, 'dump.rdb'), 'latin1');
  const search = new LeakSearch();
  search.plant('token', idp.issued[0] ?? '');
  search.plant('secret', secret);
  search.plant('client id', clientId);
  search.plant('key', key);
  t.match(dump, /bearerd:token:[\da-f]{64}/, 'the entry is in the dump');
  t.same(search.find(dump), [], 'nothing in clear');
  t.notOk(dump.includes('token-1') || dump.includes(idp.url));

  const over = load();
  await pause(3_000);
  revoked.add('token-1');
  await pause(5_000);
  const { sent, statuses, failures } = await over();
  t.same(statuses, [200], `${sent} requests; ${failures.slice(0, 3).join(' | ')}`);
  t.ok(sent >= 1_000, `${sent} requests`);
  t.equal(idp.issued.length, 2, 'one token request for the revoked token');
  const ends = await Promise.all(processes.map((one) => one.stop()));
  t.ok(ends.every(({ code }) => code === 0));
});

t.test('Redis killed and started again under 200 requests/s: no failed request', async (t) => {
  const lifeMs = 12_000;
  const { folder, idp, redis, load, logged } = await fleet(t, lifeMs / 1_000);
  const over = load();
  await pause(2_000);
  await killed(redis.process);
  await until(() => logged('token_cache_unavailable') === replicas, 'all to see it');
  const before = idp.issued.length;
  await until(() => idp.issued.length >= before + replicas, 'each to ask by itself');
  redis.process = await startRedis(folder, redis.port);
  await until(() => logged('token_cache_available') === replicas, 'all to be connected again');
  await pause(lifeMs);
  const shared = idp.issued.length;
  await pause(2 * lifeMs);
  const { sent, statuses, failures } = await over();
  t.same(statuses, [200], `${sent} requests; ${failures.slice(0, 3).join(' | ')}`);
  // refreshed at four fifths of a life: far fewer than one for each process
  const asked = idp.issued.length - shared;
  t.ok(asked <= 8, `${asked} token requests in two lives when Redis is back`);
});
