import t from 'tap';
import type { TokenProvider } from '../../src/token/provider.ts';
import { bench, FakeProvider, failureOf, settled } from './support.ts';

/** A bench whose provider has secrets that a test can change. */
function rotating() {
  const made = bench();
  const state = { changed: false, looks: 0 };
  const provider = new FakeProvider(made.clock);
  const withSecrets: TokenProvider = {
    requestToken: (signal) => {
      state.changed = false;
      return provider.requestToken(signal);
    },
    secretsChanged: async () => {
      state.looks += 1;
      return state.changed;
    },
  };
  return { ...made, provider, state, source: made.another('rotating', withSecrets) };
}

t.test('wire facts 4.3: a changed secret ends the memory of a refusal at the next request', async (t) => {
  const { source, provider, state, clock, lines } = rotating();
  const first = failureOf(source.get(true));
  t.equal(state.looks, 0, 'nothing has failed yet');
  provider.fail('permanent');
  await first;
  t.match(await failureOf(source.get(true)), { failure: { reason: 'invalid_client' } });
  t.equal(state.looks, 1);
  state.changed = true;
  clock.advance(99);
  await failureOf(source.get(true));
  t.equal(state.looks, 1, 'at most ten times a second');
  t.equal(provider.calls.length, 1);
  clock.advance(1);
  const all = [source.get(true), source.get(true), source.get(true)];
  await settled();
  t.equal(state.looks, 2);
  t.equal(provider.calls.length, 2, 'one token request for all of them');
  provider.give('token1', 3600);
  for (const held of await Promise.all(all)) t.equal(held.token.value, 'token1');
  t.match(lines, [
    { level: 'error' },
    { fields: { event: 'secret_changed' } },
    { fields: { event: 'token_obtained' } },
  ]);
});

t.test('a changed secret that is refused too is remembered: no second attempt without another change', async (t) => {
  const { source, provider, state, clock } = rotating();
  const first = failureOf(source.get(true));
  provider.fail('permanent');
  await first;
  state.changed = true;
  const second = failureOf(source.get(true));
  await settled();
  provider.fail('permanent');
  await second;
  for (let i = 0; i < 20; i++) {
    await failureOf(source.get(true));
    clock.advance(100);
  }
  t.equal(provider.calls.length, 2);
});

t.test('a provider that cannot tell changes nothing', async (t) => {
  const { another, clock } = bench();
  const provider = new FakeProvider(clock);
  const source = another('x', {
    requestToken: provider.requestToken,
    secretsChanged: () => Promise.reject(new Error('x')),
  });
  const first = failureOf(source.get(true));
  provider.fail('transient');
  await first;
  t.match(await failureOf(source.get(true)), { failure: { reason: 'http_502' } });
});
