import t from 'tap';
import { bench, failureOf, settled, warm } from './support.ts';

t.test('S08: refused credentials are remembered, and answered without a token request', async (t) => {
  const { source, provider, clock } = bench();
  const all = [failureOf(source.get(true))];
  provider.fail('permanent');
  await settled();
  for (let i = 1; i < 10; i++) {
    all.push(failureOf(source.get(true)));
    clock.advance(200);
  }
  for (const error of await Promise.all(all)) {
    t.equal(error.code, 'BEARERD_TOKEN_REFUSED');
    t.equal(error.entry.status, 502);
    t.equal(error.occurrence.retryAfterSeconds, undefined, 'interface section 5: no Retry-After on this 502');
  }
  t.equal(provider.calls.length, 1);
});

t.test('a remembered transient failure says how long to wait, and why', async (t) => {
  const { source, provider, clock } = bench();
  const first = failureOf(source.get(true));
  provider.fail('transient', 30_000);
  t.match(await first, { entry: { status: 503 }, occurrence: { retryAfterSeconds: 30 } });
  clock.advance(12_500);
  t.match(await failureOf(source.get(true)), {
    message: 'The token endpoint failed (transient)',
    failure: { reason: 'http_502', retryAfterMs: 17_500 },
    occurrence: { retryAfterSeconds: 18 },
  });
  t.match(source.snapshot().lastFailure, {
    kind: 'transient',
    reason: 'http_502',
    retryAtMs: clock.wallMs + 17_500,
    atMs: clock.wallMs - 12_500,
  });
  t.equal(provider.calls.length, 1);
});

t.test('acceptance 7: recovery within 6 s when the IdP failed once', async (t) => {
  for (const kind of ['transient', 'permanent'] as const) {
    const { source, provider, clock, chance } = bench();
    chance.value = 1;
    const first = failureOf(source.get(true));
    provider.fail(kind);
    await first;
    let held: unknown;
    const begin = clock.wallMs;
    while (held === undefined && clock.wallMs - begin <= 6_000) {
      clock.advance(10);
      const asked = source.get(true);
      if (provider.calls.length === 2) {
        provider.give('token1', 3600);
        held = await asked;
      } else {
        await failureOf(asked);
      }
    }
    t.match(held, { generation: 1 }, kind);
    t.equal(clock.wallMs - begin, kind === 'transient' ? 1_000 : 5_000);
    t.equal(source.snapshot().lastFailure, undefined, 'a success clears the memory');
  }
});

t.test('acceptance 7: otherwise by the next attempt, at most 15 s or 60 s later', async (t) => {
  for (const [kind, longestMs] of [
    ['transient', 15_000],
    ['permanent', 60_000],
  ] as const) {
    const { source, provider, clock, chance } = bench();
    chance.value = 0.999;
    for (let i = 0; i < 8; i++) {
      const failing = failureOf(source.get(true));
      provider.fail(kind);
      await failing;
      clock.advance(longestMs);
    }
    t.equal(provider.calls.length, 8);
    const asked = source.get(true);
    provider.give('token1', 3600);
    t.match(await asked, { generation: 1 }, kind);
  }
});

t.test('acceptance 7: an IdP that is dead for 60 s at 100 requests/s gets at most 10 token requests', async (t) => {
  for (const kind of ['transient', 'permanent'] as const) {
    for (const chance of [0, 1]) {
      const made = bench();
      made.chance.value = chance;
      for (let tick = 0; tick < 6_000; tick++) {
        const before = made.provider.calls.length;
        const asked = failureOf(made.source.get(true));
        if (made.provider.calls.length > before) made.provider.fail(kind);
        await asked;
        made.clock.advance(10);
      }
      t.ok(made.provider.calls.length <= 10, `${kind}, random ${chance}: ${made.provider.calls.length} token requests`);
      t.ok(made.provider.calls.length >= 4);
    }
  }
});

t.test('a forced refresh ends the failure memory', async (t) => {
  const { source, provider, clock, first } = await warm(360);
  clock.advance(300_000);
  source.get(true);
  provider.fail('permanent');
  await settled();
  t.equal(source.get(true), first);
  t.equal(provider.calls.length, 2);
  source.reject(first);
  t.match(source.snapshot().lastFailure, { kind: 'permanent', retryAtMs: clock.wallMs });
  const asked = source.get(true);
  t.equal(provider.calls.length, 3);
  provider.give('token2', 360);
  t.match(await asked, { generation: 2, replacesRejected: true });
});

t.test('M15: the rejected token stays away when the refresh fails', async (t) => {
  const { source, provider, first, lines } = await warm(3600);
  source.reject(first);
  const asked = failureOf(source.get(true));
  provider.fail('transient');
  t.match(await asked, { occurrence: { retryAfterSeconds: 1 } });
  t.match(await failureOf(source.get(true)), { failure: { kind: 'transient' } });
  t.equal(provider.calls.length, 2);
  t.match(lines.at(-1), {
    level: 'error',
    message: /no token is left, the next request after 0.8 s asks again, until then requests are answered with 503/,
  });
  t.match(source.snapshot(), { usable: false, everObtained: true, generation: 1, obtainedAtMs: undefined });
});

t.test('the snapshot of a source that has not asked yet, asks, and has a token', async (t) => {
  const { source, provider, clock } = bench();
  t.same(source.snapshot(), {
    generation: 0,
    expiresAtMs: undefined,
    obtainedAtMs: undefined,
    refreshAtMs: undefined,
    everObtained: false,
    refreshing: false,
    usable: false,
    lastFailure: undefined,
  });
  const asked = source.get(true);
  t.match(source.snapshot(), { refreshing: true, usable: false });
  provider.give('token1', 360);
  await asked;
  t.match(source.snapshot(), {
    generation: 1,
    expiresAtMs: clock.wallMs + 360_000,
    obtainedAtMs: clock.wallMs,
    refreshAtMs: clock.wallMs + 0.8 * 360_000,
    everObtained: true,
    refreshing: false,
    usable: true,
  });
});
