import t from 'tap';
import type { AccessToken } from '../../src/token/access-token.ts';
import type { SharedTokens, TokenWish } from '../../src/token/shared-tokens.ts';
import { createTokenCache } from '../../src/token/token-cache.ts';
import { TokenSource } from '../../src/token/token-source.ts';
import { bench, failureOf, settled, startMs } from './support.ts';

/** A source that shares its tokens; the test decides what the others have, and when. */
function sharing(quota?: { requests: number; perMs: number }) {
  const made = bench();
  const wishes: TokenWish[] = [];
  let obtain: SharedTokens['obtain'] = (ask) => ask();
  const shared: SharedTokens = {
    obtain: (ask, wish, signal) => {
      wishes.push(wish);
      return obtain(ask, wish, signal);
    },
  };
  const events: string[] = [];
  const lines: string[] = [];
  const say = (_fields: object, message: string) => void lines.push(message);
  const source = new TokenSource('shared', made.provider, createTokenCache(1), {
    clock: made.clock,
    random: () => 0,
    log: { trace: say, debug: say, info: say, warn: say, error: say },
    events: { requestEnded: (outcome) => void events.push(outcome), refreshShared: () => {}, becameCurrent: () => {} },
    quota,
    shared,
  });
  const othersHave = (next: SharedTokens['obtain']) => {
    obtain = next;
  };
  return { ...made, source, wishes, events, lines, othersHave };
}

const foreign = (value: string, requestedAtMs: number): AccessToken => ({
  value,
  requestedAtMs,
  lifetimeMs: 100_000,
  lifetimeSource: 'expires_in',
  shared: true,
});

t.test(
  'a token of another process: no request, its age is the real one, and it is refreshed in its time',
  async (t) => {
    const { source, provider, clock, events, lines, othersHave, wishes } = sharing();
    othersHave(async () => foreign('theirs', clock.nowMs() - 60_000));
    const held = await source.get(true);
    t.equal(held.authorization, 'Bearer theirs');
    t.equal(provider.calls.length, 0);
    t.same(events, ['shared'], 'not counted as a token request');
    t.match(lines, [/^Took over a token that another process had asked for; it lives 100 s/]);
    t.equal(source.ageMs(held), 60_000);
    t.equal(source.remainingMs(held), 40_000);
    clock.advance(19_000);
    t.equal(await source.get(true), held);
    t.equal(wishes.length, 1);
    clock.advance(2_000);
    t.equal(await source.get(true), held, 'the request that starts the refresh waits for nothing');
    await settled();
    t.match(wishes[1], { before: { value: 'theirs' }, rejected: false, forced: false });
  },
);

t.test('waiting for the others is no age of a token that is asked for afterwards', async (t) => {
  const { source, provider, clock, othersHave } = sharing();
  othersHave(async (ask) => {
    clock.advance(8_000);
    return ask();
  });
  const got = source.get(true);
  await settled();
  provider.give('own', 8);
  const held = await got;
  t.equal(source.ageMs(held), 0);
  t.equal(held.token.requestedAtMs, startMs + 8_000);
});

t.test('waiting for the others is no age of their token either', async (t) => {
  const { source, clock, othersHave } = sharing();
  othersHave(async () => {
    clock.advance(8_000);
    return foreign('theirs', clock.nowMs() - 1_000);
  });
  t.equal(source.ageMs(await source.get(true)), 1_000);
});

t.test('what is wanted is told: after a rejection, after a forced refresh', async (t) => {
  const { source, provider, wishes } = sharing();
  const first = source.get(true);
  provider.give('token1', 300);
  source.reject(await first);
  const second = source.get(true);
  provider.give('token2', 300);
  await second;
  const forced = source.refreshNow();
  provider.give('token3', 300);
  await forced;
  t.match(wishes, [
    { before: undefined, rejected: false, forced: false },
    { before: { value: 'token1' }, rejected: true, forced: false },
    { before: { value: 'token2' }, rejected: false, forced: true },
  ]);
});

t.test('a token of another process is not counted against the quota; one asked for is', async (t) => {
  const { source, provider, clock, othersHave } = sharing({ requests: 1, perMs: 3_600_000 });
  othersHave(async () => foreign('theirs', clock.nowMs()));
  source.reject(await source.get(true));
  othersHave((ask) => ask());
  const own = source.get(true);
  provider.give('own', 300);
  source.reject(await own);
  t.match(await failureOf(source.get(true)), { failure: { reason: 'quota' } });
});
