import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { repository, runBearerd, startBearerd } from '../support/bearerd-process.ts';
import { startRedis } from '../support/redis-server.ts';
import { startUpstream } from '../support/upstream.ts';

// What is shipped is the bundle of `npm run build`, not the files that the other tests run; parts of packages are left
// out of it (packaging/bundle.ts), so the ways into each package are walked here.

const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
const program: string = join(repository, manifest.bin.bearerd);

t.test('the bundle forwards with a token, shows metrics, and ends with SIGTERM: exit 0', async (t) => {
  const upstream = await startUpstream();
  const idp = await startUpstream((_seen, response) =>
    response.end(JSON.stringify({ access_token: 'opaque-token', expires_in: 300 })),
  );
  t.teardown(() => Promise.all([upstream.close(), idp.close()]));
  const credential = { tokenEndpoint: `${idp.url}/token`, clientId: 'id', clientSecret: 'a secret' };
  const bearerd = await startBearerd({
    program,
    config: { upstream: upstream.url, credential, log: { format: 'pretty' } },
  });
  t.teardown(() => bearerd.stop('SIGKILL'));

  const answer = await fetch(`${bearerd.url}/path?query`, { method: 'POST', body: 'body' });
  t.equal(await answer.text(), 'ok');
  t.match(upstream.seen, [{ url: '/path?query', headers: { authorization: 'Bearer opaque-token' } }]);
  t.equal(upstream.seen[0]?.body.toString(), 'body');
  t.match(await (await fetch(`${bearerd.adminUrl}/metrics`)).text(), 'bearerd_requests_total');
  await bearerd.until(() => /INFO: .*listening on/.test(bearerd.stderr), 'a line of pino-pretty');
  for (const [path, type] of [
    ['/', 'text/html'],
    ['/page.js', 'text/javascript'],
    ['/page.css', 'text/css'],
  ] as const) {
    const file = await fetch(`${bearerd.adminUrl}${path}`);
    t.match([file.status, file.headers.get('content-type')], [200, type], path);
  }
  t.equal((await fetch(`${bearerd.adminUrl}/nothing`)).status, 404);
  t.same(await bearerd.stop(), { code: 0, signal: undefined });
});

t.test('a plain start leaves modules of Node to whoever needs them', async (t) => {
  const upstream = await startUpstream();
  const idp = await startUpstream((_seen, response) =>
    response.end(JSON.stringify({ access_token: 'opaque-token', expires_in: 300 })),
  );
  t.teardown(() => Promise.all([upstream.close(), idp.close()]));
  const folder = t.testdir({
    'tell.cjs': "process.on('exit', () => process._rawDebug('loaded: %s.', process.moduleLoadList.join()));",
  });
  const credential = { tokenEndpoint: `${idp.url}/token`, clientId: 'id', clientSecret: 'a secret' };
  const bearerd = await startBearerd({
    program,
    config: { upstream: upstream.url, credential },
    env: { NODE_OPTIONS: `--require=${join(folder, 'tell.cjs')}` },
  });
  t.teardown(() => bearerd.stop('SIGKILL'));
  t.equal((await fetch(bearerd.url)).status, 200);
  await bearerd.stop();
  const loaded = /loaded: (.*)\./.exec(bearerd.stderr)?.[1]?.split(',') ?? [];
  t.ok(loaded.includes('NativeModule http'), 'the list is there');
  // worker_threads is not looked for: tap's own loader, which is in every process under it, brings it
  const unneeded = ['tls', 'https', 'http2', 'zlib', 'assert'];
  t.strictSame(
    unneeded.filter((name) => loaded.includes(`NativeModule ${name}`)),
    [],
  );
});

t.test('demo --once of the bundle: tokens are signed and verified, 401 codes explained: exit 0', async (t) => {
  const { code, stdout, stderr } = await runBearerd({ program, words: ['demo', '--once'] });
  t.equal(code, 0, stdout + stderr);
  t.match(stdout, /came out as documented/);
});

t.test('the client of Redis is in the bundle, and only those who share tokens read it', async (t) => {
  const redis = await startRedis();
  const idp = await startUpstream((_seen, response) =>
    response.end(JSON.stringify({ access_token: 'opaque-token', expires_in: 300 })),
  );
  const upstream = await startUpstream();
  t.teardown(() => Promise.all([upstream.close(), idp.close(), redis.stop()]));
  const bearerd = await startBearerd({
    program,
    config: {
      upstream: upstream.url,
      credential: { tokenEndpoint: `${idp.url}/token`, clientId: 'id', clientSecret: 'a secret' },
      tokens: { cache: { redis: redis.url, key: { file: './cache-key' } } },
    },
    files: { 'cache-key': 'fq0Xo3mYk5s8vQb1Jw7Rz2Ld9Tg4Nc6HaEuPiSyKxV0=' },
  });
  t.teardown(() => bearerd.stop('SIGKILL'));
  t.equal((await fetch(bearerd.url)).status, 200);
  t.same(await bearerd.stop(), { code: 0, signal: undefined });
  t.equal([...redis.values.keys()].filter((name) => name.startsWith('bearerd:token:')).length, 1);

  const folder = program.replace(/[^/]+$/, '');
  const has = (name: string) => readFileSync(join(folder, name), 'utf8').includes('SocketClosedUnexpectedlyError');
  t.strictSame(
    readdirSync(folder).filter((name) => /\.c?js$/.test(name) && has(name)),
    ['redis-client.cjs'],
  );
});
