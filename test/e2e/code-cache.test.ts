import { chmodSync, copyFileSync, mkdirSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { runBearerd, startBearerd } from '../support/bearerd-process.ts';
import { startUpstream } from '../support/upstream.ts';

// docs/decisions/0002-cold-start.md: a start leaves its compiled code, the next one uses it, and it is nobody else's to write.

const upstream = await startUpstream();
t.teardown(upstream.close);

function start(env: Readonly<Record<string, string>>) {
  return startBearerd({
    env,
    config: { upstream: upstream.url, credential: { provider: 'static', token: 'opaque-token' } },
  });
}

/** When the code in this cache folder was written, once it is there. */
async function written(folder: string, isDue: (mtimeMs: number) => boolean = () => true): Promise<string> {
  const deadlineMs = performance.now() + 30_000;
  while (performance.now() < deadlineMs) {
    const name = names(folder).find((one) => one.endsWith('.v8'));
    if (name !== undefined && isDue(statSync(join(folder, name)).mtimeMs)) return join(folder, name);
    await delay(100);
  }
  throw new Error(`no code was written in ${folder}`);
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

t.test(
  'the first start leaves its code, a later one takes it, unless somebody else could have written it',
  async (t) => {
    const home = t.testdir({ one: {}, good: {}, cut: {}, shared: {}, off: {} });
    const folderOf = (name: string) => join(home, name, 'bearerd');
    const first = await start({ XDG_CACHE_HOME: join(home, 'one') });
    const code = await written(folderOf('one'));
    t.equal(statSync(code).mode & 0o777, 0o600);
    t.equal(statSync(folderOf('one')).mode & 0o777, 0o700);
    t.same(await first.stop(), { code: 0, signal: undefined });

    const copy = (name: string) => {
      mkdirSync(folderOf(name), { mode: 0o700 });
      const file = join(folderOf(name), code.slice(folderOf('one').length + 1));
      copyFileSync(code, file);
      return file;
    };
    const good = copy('good');
    const cut = copy('cut');
    truncateSync(cut, 1000);
    copy('shared');
    chmodSync(folderOf('shared'), 0o777);
    const copiedMs = Date.now();
    const caches = ['good', 'cut', 'shared'].map((name) => ({ XDG_CACHE_HOME: join(home, name) }));
    const off = { XDG_CACHE_HOME: join(home, 'off'), NODE_DISABLE_COMPILE_CACHE: '1' };
    const homeless = { HOME: '', XDG_CACHE_HOME: 'relative' };
    const running = await Promise.all([...caches, off, homeless].map(start));
    for (const { url } of running) t.equal((await fetch(url)).status, 200);
    await Promise.all([
      written(folderOf('cut'), (mtimeMs) => mtimeMs > copiedMs),
      written(folderOf('shared'), (mtimeMs) => mtimeMs > copiedMs),
    ]);
    t.ok(statSync(good).mtimeMs <= copiedMs, 'code that serves is left as it is');
    t.ok(statSync(cut).size > 100_000, 'code that V8 refuses is written anew');
    t.same(names(folderOf('off')), []);
    t.same(
      names(running.at(-1)?.folder ?? '').sort(),
      ['bearerd.yaml'],
      'without a home, nothing is left in the working folder',
    );
    await Promise.all(running.map((one) => one.stop()));
  },
);

t.test('a cache folder that cannot be made is no reason to fail', async (t) => {
  const { code, stdout } = await runBearerd({ words: ['--version'], env: { XDG_CACHE_HOME: '/dev/null/cache' } });
  t.equal(code, 0);
  t.match(stdout, /^\d+\.\d+\.\d+/);
});
