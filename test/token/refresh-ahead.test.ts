import t from 'tap';
import { bench, failureOf, settled, warm } from './support.ts';

t.test('from 0.8 L one request starts a refresh and nobody waits', async (t) => {
  const { source, provider, clock, first, events } = await warm(360);
  clock.advance(287_999);
  t.equal(source.get(true), first);
  t.equal(provider.calls.length, 1);
  clock.advance(1);
  for (let i = 0; i < 50; i++) t.equal(source.get(true), first);
  t.equal(provider.calls.length, 2, 'one refresh');
  t.same(events, [], 'nobody shared it, because nobody waits');
  provider.give('token2', 360);
  await settled();
  t.match(source.get(true), { authorization: 'Bearer token2', generation: 2, replacesRejected: false });
});

t.test('the jitter takes up to 5 % of L off, chosen once per token', async (t) => {
  const { source, provider, clock, chance } = bench();
  chance.value = 1;
  const got = source.get(true);
  provider.give('token1', 1_000);
  const first = await got;
  chance.value = 0;
  clock.advance(749_999);
  t.equal(source.get(true), first);
  t.equal(provider.calls.length, 1);
  clock.advance(1);
  t.equal(source.get(true), first);
  t.equal(provider.calls.length, 2);
});

t.test('the life counts from the start of the token request', async (t) => {
  const { source, provider, clock } = bench();
  const got = source.get(true);
  clock.advance(800);
  provider.give('token1', 2);
  const first = await got;
  t.equal(source.remainingMs(first), 1_200);
  clock.advance(1_199);
  t.equal(source.remainingMs(first), 1);
  clock.advance(1);
  t.equal(source.snapshot().usable, false);
});

t.test('S07: a failed early refresh keeps the old token until it really expires', async (t) => {
  const { source, provider, clock, first, lines, events } = await warm(150);
  clock.advance(120_000);
  for (let i = 0; i < 3; i++) t.equal(source.get(true), first);
  provider.fail('transient');
  await settled();
  t.same(events, ['transient']);
  t.match(lines.at(-1), {
    level: 'warn',
    fields: { event: 'token_refresh_failed', kind: 'transient', reason: 'http_502' },
    message:
      'The token endpoint failed (transient); keeping the old token for 30 s, the next request after 0.8 s asks again',
  });
  t.equal(source.get(true), first, 'within the back-off: the old token and no token request');
  t.equal(provider.calls.length, 2);
  clock.advance(29_500);
  const waiting = source.get(true);
  t.equal(provider.calls.length, 3);
  provider.fail('transient');
  t.equal(await waiting, first, 'even in the wait zone');
  t.equal(source.get(true), first, 'the failure is remembered in the wait zone too');
  clock.advance(499);
  t.equal(source.get(true), first);
  clock.advance(1);
  t.match(await failureOf(source.get(true)), { failure: { kind: 'transient' } });
  t.equal(provider.calls.length, 3);
});

t.test('in the wait zone a request waits for the refresh under way', async (t) => {
  const { source, provider, clock, first, events } = await warm(40);
  clock.advance(37_999);
  t.equal(source.get(true), first);
  t.equal(provider.calls.length, 2);
  clock.advance(1);
  const waiting = [source.get(true), source.get(true)];
  t.same(events, ['shared', 'shared']);
  provider.give('token2', 40);
  for (const held of await Promise.all(waiting)) t.equal(held.authorization, 'Bearer token2');
  t.equal(provider.calls.length, 2);
});

t.test('a wait that outlives the old token ends in the error', async (t) => {
  const { source, provider, clock } = await warm(40);
  clock.advance(39_000);
  const waiting = failureOf(source.get(true));
  clock.advance(1_000);
  provider.fail('transient');
  t.match(await waiting, { code: 'BEARERD_TOKEN_UNAVAILABLE' });
});

t.test('a body that cannot be repeated asks for min(60 s, 20 % of L)', async (t) => {
  const { source, provider, clock, first } = await warm(3600);
  clock.advance(3_540_000);
  t.equal(source.get(false), first, 'exactly 60 s are left');
  provider.fail('transient');
  await settled();
  t.equal(source.get(false), first, 'a failure that is remembered: less life is better than none');
  clock.advance(1_000);
  const waiting = source.get(false);
  t.equal(source.get(true), first, 'a body that can be repeated does not wait');
  t.equal(provider.calls.length, 3);
  provider.give('token2', 3600);
  t.match(await waiting, { authorization: 'Bearer token2' });
});

t.test('a rejection during a refresh ahead joins it', async (t) => {
  const { source, provider, clock, first, lines } = await warm(360);
  clock.advance(300_000);
  source.get(true);
  source.reject(first);
  t.match(lines.at(-1), { fields: { event: 'token_rejected' }, message: /refresh under way replaces it/ });
  const waiting = source.get(true);
  t.equal(provider.calls.length, 2);
  provider.give('token2', 360);
  t.match(await waiting, { generation: 2, replacesRejected: true });
  t.equal(provider.calls.length, 2);
});

t.test('cap: the token ends 60 s after it was obtained and is not refreshed ahead (wire facts 5.2)', async (t) => {
  const { source, provider, clock, first, lines } = await warm(3600);
  clock.advance(1_000);
  source.cap(first);
  source.cap(first);
  t.equal(lines.length, 1, 'capping twice says it once');
  t.match(lines[0], { level: 'warn', fields: { event: 'token_capped', generation: 1 }, message: /used for 59 s more/ });
  t.equal(source.remainingMs(first), 59_000);
  clock.advance(58_999);
  t.equal(source.get(true), first);
  t.equal(source.get(false), first, 'the cap is not the end of its real life');
  t.equal(provider.calls.length, 1);
  clock.advance(1);
  const next = source.get(true);
  provider.give('token2', 3600);
  t.match(await next, { generation: 2, replacesRejected: false });
  source.cap(first);
  t.equal(source.remainingMs(await next), 3_600_000, 'capping an old token leaves the current one alone');
});

t.test('a capped token near its real end', async (t) => {
  const { source, provider, clock, first } = await warm(50);
  source.cap(first);
  clock.advance(40_000);
  t.equal(source.get(true), first);
  t.equal(source.get(false), first, 'exactly 20 % are left');
  t.equal(provider.calls.length, 1, 'not refreshed ahead');
  clock.advance(9_000);
  t.equal(source.get(true), first, 'and nobody waits for it');
  t.equal(provider.calls.length, 1);
  const waiting = source.get(false);
  t.equal(provider.calls.length, 2, 'only a body that cannot be repeated asks');
  provider.give('token2', 50);
  t.match(await waiting, { generation: 2 });
});

t.test('capping a token that is older than 60 s ends it', async (t) => {
  const { source, clock, first, lines } = await warm(undefined);
  clock.advance(60_000);
  source.cap(first);
  t.match(lines.at(-1), { message: /used no longer; the next request asks for a new one/ });
  t.equal(source.snapshot().usable, false);
});

t.test('a token without an end is never refreshed', async (t) => {
  const { source, provider, clock, first } = await warm(undefined);
  clock.advance(1e12);
  t.equal(source.get(true), first);
  t.equal(source.get(false), first);
  t.equal(source.remainingMs(first), undefined);
  t.match(source.snapshot(), { usable: true, expiresAtMs: undefined });
  t.equal(provider.calls.length, 1);
});

t.test('refreshInBackground asks only where the next caller would need it', async (t) => {
  const { source, provider, clock, first } = await warm(360);
  source.refreshInBackground();
  t.equal(provider.calls.length, 1, 'a fresh token');
  source.reject(first);
  source.refreshInBackground();
  source.refreshInBackground();
  t.equal(provider.calls.length, 2, 'no token: one request');
  provider.give('token2', 360);
  await settled();
  t.match(source.get(true), { generation: 2, replacesRejected: true });
  clock.advance(300_000);
  source.refreshInBackground();
  t.equal(provider.calls.length, 3, 'refresh ahead is due');
  provider.give('token3', 360);
  await settled();
  t.match(source.get(true), { generation: 3, replacesRejected: false }, 'the mark is for one token');
});

t.test('unhelpful refreshes are remembered until the upstream accepts a token', async (t) => {
  const { source, clock, first } = await warm(3600);
  t.equal(source.sinceUnhelpfulMs(), undefined);
  source.noteUnhelpful();
  clock.advance(9_999);
  t.equal(source.sinceUnhelpfulMs(), 9_999);
  t.equal(first.accepted, false);
  source.accept(first);
  t.equal(first.accepted, true);
  t.equal(source.sinceUnhelpfulMs(), undefined);
});
