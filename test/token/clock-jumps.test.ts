import t from 'tap';
import { bench, failureOf, startMs, warm } from './support.ts';

t.test('a laptop that slept an hour: the monotonic clock stood still, the token is expired all the same', async (t) => {
  const { source, provider, clock, first } = await warm(3600);
  clock.wallMs += 3_600_000;
  t.ok((source.remainingMs(first) ?? 1) <= 0);
  const asked = source.get(true);
  t.equal(provider.calls.length, 2);
  provider.give('token2', 3600);
  t.match(await asked, { generation: 2 });
  clock.advance(2_000_000);
  t.match(source.get(true), { generation: 2 }, 'the new token lives by the new time');
});

t.test('a wall clock set back an hour: the monotonic clock counts', async (t) => {
  const { source, provider, clock, first } = await warm(3600);
  clock.wallMs -= 3_600_000;
  t.equal(source.get(true), first);
  clock.advance(2_879_000);
  t.equal(source.get(true), first);
  t.equal(provider.calls.length, 1);
  clock.advance(1_000);
  t.equal(source.get(true), first);
  t.equal(provider.calls.length, 2, 'refresh ahead comes on time');
  clock.advance(720_000);
  t.equal(source.snapshot().usable, false);
  t.equal(source.remainingMs(first), 0);
});

t.test('a token requested before the provider was called is older on both clocks', async (t) => {
  const { source, provider, clock } = bench();
  const asked = source.get(true);
  provider.last.resolve({
    value: 'stored',
    requestedAtMs: startMs - 1_000_000,
    lifetimeMs: 3_600_000,
    lifetimeSource: 'jwt_exp',
  });
  const held = await asked;
  t.equal(source.remainingMs(held), 2_600_000);
  clock.wallMs += 600_000;
  t.equal(source.remainingMs(held), 2_000_000, 'asleep: the wall clock counts from the request too');
  clock.wallMs -= 4_200_000;
  t.equal(source.remainingMs(held), 2_600_000);
  clock.advance(2_600_000);
  t.equal(source.snapshot().usable, false);
});

t.test('cap and cooldown survive a wall clock set back', async (t) => {
  const { source, clock, first } = await warm(3600);
  source.cap(first);
  source.noteUnhelpful();
  clock.wallMs -= 3_600_000;
  clock.advance(60_000);
  t.equal(source.sinceUnhelpfulMs(), 60_000);
  t.equal(source.snapshot().usable, false);
});

t.test('the failure memory ends on time when the wall clock is set back, and at once after a sleep', async (t) => {
  const { source, provider, clock } = bench();
  const first = failureOf(source.get(true));
  provider.fail('permanent');
  await first;
  clock.wallMs -= 3_600_000;
  clock.advance(4_999);
  await failureOf(source.get(true));
  t.equal(provider.calls.length, 1);
  clock.advance(1);
  const second = failureOf(source.get(true));
  t.equal(provider.calls.length, 2);
  provider.fail('permanent');
  await second;
  clock.wallMs += 3_600_000;
  const third = failureOf(source.get(true));
  t.equal(provider.calls.length, 3);
  provider.fail('permanent');
  t.match(await third, { failure: { kind: 'permanent' } });
});

t.test('remainingMs of a token that another implementation holds counts on the wall clock', async (t) => {
  const { source, clock, first } = await warm(3600);
  const foreign = { ...first, token: first.token };
  clock.advance(600_000);
  t.equal(source.remainingMs(foreign), 3_000_000);
  t.equal(source.remainingMs({ ...foreign, token: { ...first.token, lifetimeMs: undefined } }), undefined);
});
