import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { systemClock } from '../../src/clock.ts';
import { FileStore } from '../../src/token-cache/file-store.ts';
import { StoreUnavailable } from '../../src/token-cache/store.ts';
import type { Line } from '../token/support.ts';
import { recorder, states } from './support.ts';

/** Stores on one file, as of several processes. */
function setting(t: Test, files: Readonly<Record<string, string>> = {}) {
  const folder = t.testdir(files);
  const path = join(folder, 'tokens');
  const lines: Line[] = [];
  const { told, availability } = states();
  return { folder, path, lines, told, store: () => new FileStore(path, systemClock, recorder(lines), availability) };
}

t.test('what one process puts there the next one finds; mode 0600, nothing left beside it', async (t) => {
  const { folder, path, store, told } = setting(t);
  t.strictSame(await store().read(['a']), [undefined], 'no file yet');
  await store().write('a', 'text of a', 60_000);
  await store().write('b', 'text of b', 60_000);
  t.strictSame(await store().read(['b', 'a', 'c']), [
    { text: 'text of b', leftMs: undefined },
    { text: 'text of a', leftMs: undefined },
    undefined,
  ]);
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.strictSame(readdirSync(folder), ['tokens']);
  await store().drop('a', 'another');
  await store().drop('b', 'text of b');
  t.strictSame(await store().read(['a', 'b']), [{ text: 'text of a', leftMs: undefined }, undefined]);
  t.same(told, []);
});

t.test('two processes that write at once do not destroy each other’s work', async (t) => {
  const { store } = setting(t);
  const [one, other] = [store(), store()];
  await Promise.all(
    Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? one : other).write(`n${index}`, `t${index}`, 60_000)),
  );
  const found = await one.read(Array.from({ length: 20 }, (_, index) => `n${index}`));
  t.strictSame(
    found.map((entry) => entry?.text),
    Array.from({ length: 20 }, (_, index) => `t${index}`),
  );
});

t.test('entries that have ended go at the next write', async (t) => {
  const { path, store } = setting(t);
  await store().write('short', 'text', 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.strictSame(await store().read(['short']), [undefined]);
  await store().write('long', 'text', 60_000);
  t.notMatch(readFileSync(path, 'utf8'), /short/);
});

for (const [what, text] of [
  ['empty', ''],
  ['cut off', '{"format":"bearerd token cache 1","entries":{"a":{"te'],
  ['a list', '[]'],
  ['of another program', '{"version":3,"entries":{}}'],
  ['of a later version', '{"format":"bearerd token cache 2","entries":{}}'],
  ['without entries', '{"format":"bearerd token cache 1"}'],
  ['with entries of another shape', '{"format":"bearerd token cache 1","entries":{"a":"text"}}'],
  ['with an end that is text', '{"format":"bearerd token cache 1","entries":{"a":{"text":"x","endsAtMs":"soon"}}}'],
  ['a text of somebody', 'alias ll="ls -l"\n'],
] as const) {
  t.test(`a file that is ${what}: a warning and a fresh start, and it is not destroyed`, async (t) => {
    const { path, store, lines, told } = setting(t, { tokens: text });
    t.strictSame(await store().read(['a']), [undefined]);
    await store().write('a', 'text', 60_000);
    t.strictSame(await store().read(['a']), [{ text: 'text', leftMs: undefined }]);
    t.match(lines, [{ level: 'warn', fields: { event: 'token_cache_unreadable' } }]);
    t.equal(lines.length, 1);
    t.equal(readFileSync(`${path}.unreadable`, 'utf8'), text);
    t.same(told, []);
  });
}

t.test('what a killed process left beside it does not stop anybody', async (t) => {
  const { path, store } = setting(t, { 'tokens.lock': '' });
  utimesSync(`${path}.lock`, new Date(Date.now() - 60_000), new Date(Date.now() - 60_000));
  await store().write('a', 'text', 60_000);
  t.equal((await store().read(['a']))[0]?.text, 'text');
  t.notOk(existsSync(`${path}.lock`));
});

t.test('a folder that is none: told once when it begins and once when it is over', async (t) => {
  const { path: folder, lines } = setting(t, { tokens: '' });
  const { told, availability } = states();
  const store = new FileStore(join(folder, 'tokens'), systemClock, recorder(lines), availability);
  await t.rejects(store.write('a', 'text', 60_000), StoreUnavailable);
  await t.rejects(store.read(['a']), StoreUnavailable);
  t.match(told, [{ available: false, problem: /ENOTDIR/ }]);
  rmSync(folder);
  mkdirSync(folder);
  t.strictSame(await store.read(['a']), [undefined]);
  t.equal(told.length, 1, 'it can be read, and that it can be written is not known yet');
  await store.write('a', 'text', 60_000);
  t.match(told, [{ available: false }, { available: true, problem: undefined }]);
  t.equal(told.length, 2);
  await store.close();
});

t.test('a lock that cannot be removed is told, and reading in between is no end of the trouble', async (t) => {
  const { path, store: start, told } = setting(t);
  mkdirSync(`${path}.lock`);
  utimesSync(`${path}.lock`, 0, 0);
  const store = start();
  for (let round = 0; round < 2; round += 1) {
    await t.rejects(store.write('a', 'text', 60_000), StoreUnavailable);
    t.strictSame(await store.read(['a']), [undefined]);
  }
  t.match(told, [{ available: false, problem: /EISDIR|EPERM/ }]);
  t.equal(told.length, 1);
});
