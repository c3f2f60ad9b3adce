import t from 'tap';
import { bench, failureOf, settled, warm } from './support.ts';

t.test('S01: a cold start with 20 callers makes one token request', async (t) => {
  const { source, provider, events } = bench();
  const all = Array.from({ length: 20 }, () => source.get(true));
  t.equal(provider.calls.length, 1);
  provider.give('token1', 3600);
  const held = await Promise.all(all);
  t.equal(new Set(held).size, 1, 'everybody has the same held token');
  t.equal(held[0]?.authorization, 'Bearer token1');
  t.equal(held[0]?.generation, 1);
  t.equal(provider.calls.length, 1);
  t.equal(events.filter((event) => event === 'shared').length, 19);
  t.same(
    events.filter((event) => event !== 'shared'),
    ['ok', 'current 1'],
  );
});

t.test('acceptance 3: 500 cold parallel callers make one token request', async (t) => {
  const { source, provider } = bench();
  const all = Array.from({ length: 500 }, (_, i) => source.get(i % 2 === 0));
  provider.give('token1', 2);
  await Promise.all(all);
  t.equal(provider.calls.length, 1);
});

t.test('a hit is no promise', async (t) => {
  const { source, first } = await warm(3600);
  t.equal(source.get(true), first);
  t.equal(source.get(false), first);
});

t.test('a failure is shared by everybody who waits (wire facts 5.3)', async (t) => {
  const { source, provider } = bench();
  const all = Array.from({ length: 10 }, () => failureOf(source.get(true)));
  provider.fail('transient');
  const errors = await Promise.all(all);
  t.equal(new Set(errors).size, 1, 'one error for all');
  t.equal(provider.calls.length, 1);
});

t.test('S02: many rejections of one token cost one token request', async (t) => {
  for (const count of [10, 200]) {
    const { source, provider, first } = await warm(3600);
    const all = Array.from({ length: count }, () => {
      source.reject(first);
      return source.get(true);
    });
    t.equal(provider.calls.length, 2);
    provider.give('token2', 3600);
    const held = await Promise.all(all);
    source.reject(first);
    t.ok(
      held.every((one) => one.authorization === 'Bearer token2'),
      `${count} callers have token2`,
    );
    t.equal(source.get(true), held[0]);
    t.equal(held[0]?.replacesRejected, true);
    t.equal(provider.calls.length, 2);
  }
});

t.test('S03: a late rejection of token1 leaves token2 alone and costs no token request', async (t) => {
  const { source, provider, first } = await warm(3600);
  source.reject(first);
  const second = source.get(true);
  provider.give('token2', 3600);
  const held = await second;
  t.equal(source.isCurrent(first), false);
  source.reject(first);
  t.equal(source.isCurrent(held), true);
  t.equal(source.get(true), held);
  t.equal(provider.calls.length, 2);
});

t.test('S09: a caller that leaves does not end the refresh of the others', async (t) => {
  const { source, provider } = bench();
  const gone = new AbortController();
  const leaving = Promise.race([
    source.get(true),
    new Promise<never>((_, reject) => gone.signal.addEventListener('abort', () => reject(new Error('client gone')))),
  ]);
  const others = [source.get(true), source.get(true)];
  gone.abort();
  await t.rejects(leaving, { message: 'client gone' });
  await settled();
  t.equal(provider.last.signal.aborted, false);
  provider.give('token1', 3600);
  t.same(
    (await Promise.all(others)).map((held) => held.generation),
    [1, 1],
  );
  t.equal(provider.calls.length, 1);
});

t.test('S14: two sources on one cache hold a token each', async (t) => {
  const { source, provider, another, first } = await warm(3600);
  const other = another('other');
  const asked = other.get(true);
  provider.give('tokenB', 3600);
  const held = await asked;
  t.equal(held.authorization, 'Bearer tokenB');
  source.reject(first);
  t.equal(other.get(true), held);
});

t.test('a new source takes over the token that the cache has for its key', async (t) => {
  const { source, another, first, provider } = await warm(3600);
  const next = another('key');
  t.equal(next.get(true), first);
  t.match(next.snapshot(), { generation: 1, usable: true, everObtained: true });
  next.reject(first);
  t.equal(another('key').snapshot().usable, false, 'a rejected token is out of the cache');
  t.equal(provider.calls.length, 1);
  const asked = next.get(true);
  provider.give('token2', 3600);
  const second = await asked;
  source.reject(first);
  t.equal(another('key').get(true), second, 'the source that was replaced does not drop the newer token');
});

t.test('S10: the same token string again is a new generation that can be compared', async (t) => {
  const { source, provider, first, lines, clock } = await warm(3600);
  source.accept(first);
  clock.advance(100_000);
  source.reject(first);
  const again = source.get(true);
  provider.give('token1', 3500);
  const held = await again;
  t.equal(held.token.value, first.token.value);
  t.not(held, first);
  t.match(held, { generation: 2, replacesRejected: true, accepted: false });
  t.match(lines.at(-1), { fields: { event: 'token_obtained', sameAsBefore: true }, message: /same token again/ });
});

t.test('a token that is rejected before a waiter has its turn is not given to it', async (t) => {
  const { source, provider, onCurrent } = bench();
  onCurrent.run = (held) => {
    if (held.generation === 1) source.reject(held);
  };
  const waiting = [source.get(true), source.get(true)];
  provider.give('token1', 3600);
  await settled();
  t.equal(provider.calls.length, 2, 'one request for both');
  provider.give('token2', 3600);
  for (const held of await Promise.all(waiting)) t.match(held, { generation: 2, replacesRejected: true });
});
