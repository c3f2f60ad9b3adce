import t from 'tap';
import type { AccessToken } from '../../src/token/access-token.ts';
import { bench, failureOf, settled, startMs, warm } from './support.ts';

const good: AccessToken = { value: 'ok', requestedAtMs: startMs, lifetimeMs: 1_000, lifetimeSource: 'expires_in' };

t.test('a provider that throws synchronously', async (t) => {
  const cause = new TypeError('secret=hunter2');
  const { source, events } = bench({
    requestToken: () => {
      throw cause;
    },
  });
  const error = await failureOf(source.get(true));
  t.match(error, {
    code: 'BEARERD_TOKEN_UNAVAILABLE',
    message: 'The token provider failed: TypeError',
    failure: { kind: 'transient', reason: 'provider_failed' },
  });
  t.equal(error.cause, cause);
  t.same(events, ['transient']);
  t.equal((await failureOf(source.get(true))).cause, cause, 'the remembered error keeps the cause');
});

t.test(
  'a rejection with something else than a TokenRequestError is transient; only system errors are quoted',
  async (t) => {
    const refused = Object.assign(new Error('connect ECONNREFUSED\n127.0.0.1:9'), {
      code: 'ECONNREFUSED',
      syscall: 'connect',
    });
    const coded = Object.assign(new Error('Received hunter2'), { code: 'ERR_INVALID_ARG_TYPE' });
    for (const [thrown, message] of [
      [refused, 'The token provider failed: connect ECONNREFUSED 127.0.0.1:9'],
      [coded, 'The token provider failed: Error ERR_INVALID_ARG_TYPE'],
      ['hunter2', 'The token provider failed: string'],
      [undefined, 'The token provider failed: undefined'],
    ] as const) {
      const { source, provider } = bench();
      const failing = failureOf(source.get(true));
      provider.last.reject(thrown);
      const error = await failing;
      t.equal(error.message, message);
      t.equal(error.failure.kind, 'transient');
      t.equal(error.cause, thrown);
    }
  },
);

t.test('T65–T68: a token that no header can carry is refused at once, permanently', async (t) => {
  for (const value of ['', 'a\r\nb', 'a b', 'a\0b', 'tökén', 'x\n']) {
    const { source, provider } = bench();
    const failing = failureOf(source.get(true));
    provider.last.resolve({ ...good, value });
    const error = await failing;
    t.match(error.failure, { kind: 'permanent', reason: 'invalid_token_response' }, JSON.stringify(value));
    t.equal(source.snapshot().usable, false);
  }
});

t.test('times that are not numbers are refused', async (t) => {
  for (const wrong of [{ lifetimeMs: Number.NaN }, { requestedAtMs: Number.NaN }, { lifetimeMs: 1 / 0 }]) {
    const { source, provider } = bench();
    const failing = failureOf(source.get(true));
    provider.last.resolve({ ...good, ...wrong });
    t.match((await failing).failure, { kind: 'permanent', reason: 'invalid_token_response' });
  }
});

t.test('a token that has expired when it arrives is a transient failure and is never used', async (t) => {
  for (const [name, lifetimeMs, tookMs] of [
    ['a slow answer', 1_000, 1_000],
    ['no life at all', 0, 0],
    ['negative life', -5_000, 0],
  ] as const) {
    const { source, provider, clock } = bench();
    const failing = failureOf(source.get(true));
    clock.advance(tookMs);
    provider.last.resolve({ ...good, lifetimeMs });
    t.match(await failing, { failure: { kind: 'transient', reason: 'expired_token' } }, name);
    t.match(source.snapshot(), { usable: false, everObtained: false });
  }
  const { source, provider, clock, first } = await warm(10);
  clock.advance(9_000);
  source.get(true);
  provider.give('token2', 0);
  await settled();
  t.equal(source.get(true), first, 'the old token stays');
});

t.test('a provider that never settles: close() frees everybody who waits', async (t) => {
  const { source, provider, lines, events } = bench();
  const waiting = [failureOf(source.get(true)), failureOf(source.get(false))];
  source.close();
  t.equal(provider.last.signal.aborted, true);
  for (const error of await Promise.all(waiting)) {
    t.match(error, { failure: { kind: 'transient', reason: 'closed' }, message: /stopping/ });
  }
  t.match(await failureOf(source.get(true)), { failure: { reason: 'closed' } });
  source.refreshInBackground();
  t.equal(provider.calls.length, 1, 'no further token request');
  t.match(source.snapshot(), { refreshing: false, lastFailure: undefined });
  t.same(lines, []);
  t.same(events, ['shared']);
  provider.give('late', 3600);
  await settled();
  t.equal(source.snapshot().usable, false, 'a late answer is not used');
});

t.test('retire() waits for those who wait; later ones are told of the reload, not of an end', async (t) => {
  const { source, provider } = bench();
  const waiting = source.get(true);
  let retired = false;
  const done = source.retire().then(() => {
    retired = true;
  });
  await settled();
  t.notOk(retired);
  t.equal(provider.last.signal.aborted, false);
  provider.give('token1', 100);
  t.equal((await waiting).token.value, 'token1');
  await done;
  source.reject(await waiting);
  const error = await failureOf(source.get(true));
  t.match(error, {
    failure: { kind: 'transient', reason: 'closed' },
    message: /a reload has replaced this credential/,
  });
  t.match(error.occurrence.action, 'Send the request again');
  source.close();
  t.match(await failureOf(source.get(true)), { message: /a reload has replaced/ }, 'the end of the retired one');
  t.equal(provider.calls.length, 1);
});

t.test('retire() of a provider that never settles ends with close()', async (t) => {
  const { source } = bench();
  const waiting = failureOf(source.get(true));
  const retired = source.retire();
  source.close();
  await retired;
  t.match(await waiting, { failure: { reason: 'closed' }, message: /stopping/ });
});

t.test('after close() a usable token is still handed out, and not refreshed', async (t) => {
  const { source, provider, clock, first } = await warm(100);
  clock.advance(99_000);
  const waiting = source.get(true);
  source.close();
  source.close();
  t.equal(await waiting, first);
  t.equal(source.get(true), first);
  t.equal(provider.calls.length, 2);
  clock.advance(1_000);
  t.match(await failureOf(source.get(true)), { failure: { reason: 'closed' } });
});

t.test('a failed refresh in the background is no unhandled rejection (stack traps)', async (t) => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  t.teardown(() => process.off('unhandledRejection', note));
  const { source, provider, clock, first } = await warm(100);
  clock.advance(90_000);
  source.get(true);
  provider.fail('transient');
  await settled();
  source.reject(first);
  source.refreshInBackground();
  provider.last.reject(new Error('boom'));
  await settled();
  clock.advance(15_000);
  source.refreshInBackground();
  source.close();
  await settled();
  t.equal(provider.calls.length, 4);
  t.same(unhandled, []);
});
