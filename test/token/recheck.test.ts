import t from 'tap';
import type { AccessToken } from '../../src/token/access-token.ts';
import { bench, failure, giveReplaceable as give, settled } from './support.ts';

async function warm(more: Partial<AccessToken> = {}) {
  const made = bench();
  const got = made.source.get(true);
  give(made, 'one', more);
  const first = await got;
  made.events.length = 0;
  made.lines.length = 0;
  return { ...made, first };
}

t.test('within the time nobody is asked; after it the next request asks and waits', async (t) => {
  const made = await warm();
  made.clock.advance(999);
  t.equal(made.source.get(true), made.first);
  made.clock.advance(1);
  const got = made.source.get(true);
  t.type(got, Promise);
  const shared = made.source.get(false);
  t.equal(made.provider.calls.length, 2);
  give(made, 'two');
  const second = await got;
  t.equal(second.token.value, 'two');
  t.equal(second.generation, 2);
  t.equal(await shared, second);
});

t.test('the same token again is no news: the same object, no line, no count, no new generation', async (t) => {
  const made = await warm();
  made.first.accepted = true;
  for (let i = 0; i < 5; i++) {
    made.clock.advance(1_500);
    const got = made.source.get(true);
    give(made, 'one');
    t.equal(await got, made.first);
    t.equal(made.source.get(true), made.first, 'and quiet again');
  }
  t.equal(made.provider.calls.length, 6);
  t.same(made.lines, []);
  t.same(made.events, []);
  t.equal(made.source.snapshot().generation, 1);
});

t.test('the same token with another end is another one', async (t) => {
  const made = await warm({ lifetimeMs: 60_000 });
  made.clock.advance(2_000);
  const again = made.source.get(true);
  give(made, 'one', { lifetimeMs: 58_000 });
  t.equal(await again, made.first, 'the end is the same: it was only read later');
  made.clock.advance(2_000);
  const got = made.source.get(true);
  give(made, 'one', { lifetimeMs: 90_000 });
  t.equal((await got).generation, 2);
  t.equal(made.source.remainingMs(await got), 90_000);
});

t.test('it ends when it ends, however often it is read again', async (t) => {
  const made = await warm({ lifetimeMs: 3_000 });
  made.clock.advance(2_000);
  const got = made.source.get(true);
  give(made, 'one', { lifetimeMs: 1_000 });
  t.equal(await got, made.first);
  made.clock.advance(1_000);
  const next = made.source.get(true);
  made.provider.last.reject(failure('transient'));
  await t.rejects(Promise.resolve(next), { code: 'BEARERD_TOKEN_UNAVAILABLE' });
});

t.test('what cannot be read keeps the old token, with one warning per attempt and no number of seconds', async (t) => {
  const made = await warm();
  made.clock.advance(1_000);
  const got = made.source.get(true);
  made.provider.fail('transient');
  t.equal(await got, made.first);
  t.match(made.lines, [
    { level: 'warn', message: /failed \(transient\); keeping the old token, the next request after/ },
  ]);
  t.equal(made.source.get(true), made.first, 'the back-off lasts: nobody waits');
  t.equal(made.provider.calls.length, 2);
  made.clock.advance(1_000);
  const later = made.source.get(true);
  give(made, 'one');
  t.equal(await later, made.first);
  t.equal(made.source.snapshot().lastFailure, undefined);
});

t.test(
  'a rejected token that is read again is a new one, so that the 401 table sees that it is identical',
  async (t) => {
    const made = await warm();
    made.source.reject(made.first);
    const got = made.source.get(true);
    give(made, 'one');
    const held = await got;
    t.not(held, made.first);
    t.equal(held.replacesRejected, true);
    await settled();
  },
);

t.test(
  'a capped token is looked for again, too: a mended file is used at once, the same token keeps its cap',
  async (t) => {
    const made = await warm();
    made.source.cap(made.first);
    t.equal(made.source.get(true), made.first, 'not before its time');
    made.clock.advance(1_000);
    const again = made.source.get(true);
    give(made, 'one');
    t.equal(await again, made.first);
    t.equal(made.source.remainingMs(made.first), 59_000, 'still capped');
    made.clock.advance(999);
    t.equal(made.source.get(true), made.first, 'quiet until the next look');
    made.clock.advance(1);
    const mended = made.source.get(true);
    give(made, 'two');
    t.equal((await mended).token.value, 'two');
    t.equal(made.source.remainingMs(await mended), undefined, 'which is trusted again');
  },
);

t.test('a capped token that is only read again ends 60 s after it was obtained', async (t) => {
  const made = await warm();
  made.source.cap(made.first);
  for (let s = 1; s < 60; s++) {
    made.clock.advance(1_000);
    const again = made.source.get(true);
    give(made, 'one');
    t.equal(await again, made.first);
  }
  made.clock.advance(1_000);
  const got = made.source.get(true);
  give(made, 'one');
  t.equal((await got).generation, 2);
});
