import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { FileWatch } from '../../src/config/watch.ts';

// Interface section 9: what Kubernetes, editors and people do to files.

/** Nothing has changed since the files were read. */
const later = Date.now() + 3_600_000;

const unused = async (): Promise<void> => {};

/** Replaces the content as a kubelet does: a new folder, and the link `..data` renamed over the old one. */
function swap(folder: string, round: number, files: Readonly<Record<string, string>>): void {
  const fresh = `..2026_${round}`;
  mkdirSync(join(folder, fresh));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, fresh, name), text);
  symlinkSync(fresh, join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  if (round > 1) rmSync(join(folder, `..2026_${round - 1}`), { recursive: true });
}

t.test('a Kubernetes mount: every rotation is seen, not only the first', async (t) => {
  const folder = t.testdir({});
  const [key, other] = [join(folder, 'key'), join(folder, 'other')];
  swap(folder, 1, { key: 'one', other: 'same' });
  for (const name of ['key', 'other']) symlinkSync(join('..data', name), join(folder, name));
  const watch = new FileWatch(unused);
  await watch.watch([key, other], later, false);
  t.strictSame(await watch.look(), []);
  for (const round of [2, 3, 4]) {
    swap(folder, round, { key: `content ${round}`, other: 'same' });
    t.strictSame(await watch.look(), [key], `rotation ${round}; the other file is another one with the same content`);
    t.strictSame(await watch.look(), []);
  }
});

t.test('written in place, replaced, touched, removed and back', async (t) => {
  const folder = t.testdir({ a: 'one', b: 'one' });
  const [a, b, c] = [join(folder, 'a'), join(folder, 'b'), join(folder, 'c')];
  const watch = new FileWatch(unused);
  await watch.watch([a, b, c], later, false);
  writeFileSync(a, 'two');
  t.strictSame(await watch.look(), [a], 'written in place, with as many bytes as before');
  writeFileSync(`${b}.new`, 'three');
  renameSync(`${b}.new`, b);
  t.strictSame(await watch.look(), [b], 'replaced by another file');
  utimesSync(a, new Date(), new Date());
  t.strictSame(await watch.look(), [], 'touched');
  unlinkSync(a);
  t.strictSame(await watch.look(), [a], 'removed');
  writeFileSync(a, 'two');
  writeFileSync(c, '');
  t.strictSame(await watch.look(), [a, c], 'back, and one that was not there at first');
});

t.test('a new list keeps what is known of the old files', async (t) => {
  const folder = t.testdir({ a: 'one', b: 'one' });
  const [a, b] = [join(folder, 'a'), join(folder, 'b')];
  const watch = new FileWatch(unused);
  await watch.watch([a], later, false);
  writeFileSync(a, 'two');
  await watch.watch([a, b], later, false);
  t.strictSame(watch.files, [a, b]);
  t.strictSame(await watch.look(), [a], 'the change is not lost');
  await watch.watch([b], later, false);
  writeFileSync(a, 'three');
  t.strictSame(await watch.look(), [], 'no longer watched');
});

t.test('changes are reported once they stand, and stop() leaves no timer', async (t) => {
  const folder = t.testdir({ a: 'one' });
  const a = join(folder, 'a');
  const reports: (readonly string[])[] = [];
  let wake = (): void => {};
  const watch = new FileWatch(async (files) => {
    reports.push(files);
    wake();
  }, 5);
  await watch.watch([a], later, false);
  const before = timers();
  watch.start();
  const reported = new Promise<void>((resolve) => {
    wake = resolve;
  });
  writeFileSync(a, '');
  await delay(30);
  writeFileSync(a, 'complete');
  await reported;
  t.strictSame(reports, [[a]], 'an editor that empties the file first is one change');
  watch.stop();
  t.equal(timers(), before);
  writeFileSync(a, 'after');
  await delay(150);
  t.equal(reports.length, 1);
});

t.test('what has changed between the reading and the first look counts as changed, once', async (t) => {
  const folder = t.testdir({ a: 'one', b: 'one' });
  const [a, b, gone] = [join(folder, 'a'), join(folder, 'b'), join(folder, 'gone')];
  const hourAgo = Date.now() - 3_600_000;
  const watch = new FileWatch(unused);
  await watch.watch([a, b], hourAgo, false);
  t.strictSame(await watch.look(), [a, b]);
  t.strictSame(await watch.look(), []);
  await watch.watch([a, gone], hourAgo, false);
  t.strictSame(await watch.look(), [], 'known ones stay known; one that is not there may come');
  writeFileSync(gone, 'here');
  t.strictSame(await watch.look(), [gone]);
  const lost = join(folder, 'lost');
  await watch.watch([lost], later, true);
  t.strictSame(await watch.look(), [lost], 'it was there when it was read');
});

t.test('what changes while it is looked at for the first time counts as changed', async (t) => {
  const a = join(t.testdir({ a: 'one' }), 'a');
  const minuteAgo = new Date(Date.now() - 60_000);
  utimesSync(a, minuteAgo, minuteAgo);
  await delay(50);
  const readMs = Date.now();
  // between the look at its times and the one at its content, which is far apart where files are slow
  const { readFile } = fs;
  const change = (): void => {
    fs.readFile = readFile;
    syncBuiltinESMExports();
    writeFileSync(a, 'two');
  };
  fs.readFile = ((...words: Parameters<typeof readFile>) => {
    change();
    return readFile(...words);
  }) as typeof readFile;
  syncBuiltinESMExports();
  const watch = new FileWatch(unused);
  await watch.watch([a], readMs, true);
  t.strictSame(await watch.look(), [a]);
  t.strictSame(await watch.look(), []);
});

function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}
