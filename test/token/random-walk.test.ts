import t from 'tap';
import type { HeldToken } from '../../src/token/held-token.ts';
import { TokenRequestError } from '../../src/token/provider.ts';
import { bench, type Call, settled } from './support.ts';

/** mulberry32: small, seeded, good enough to choose operations. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Walks a few thousand random steps; returns every broken invariant. */
async function walk(seed: number, steps: number): Promise<{ broken: string[]; handed: number; requests: number }> {
  const random = seeded(seed);
  const { source, provider, clock, chance } = bench();
  const broken: string[] = [];
  const rejected = new Set<HeldToken>();
  const known: HeldToken[] = [];
  const capped = new Map<HeldToken, number>();
  /** True life of each token, kept apart from the code under test. */
  const lives = new Map<string, { endMono: number; endWall: number }>();
  const obtainedMono = new Map<string, number>();
  const obtainedWall = new Map<string, number>();
  let open: { call: Call; mono: number } | undefined;
  let seenCalls = 0;
  let handed = 0;
  let step = 0;

  const noteCalls = (): void => {
    for (; seenCalls < provider.calls.length; seenCalls++) {
      const call = provider.calls[seenCalls];
      if (open !== undefined) broken.push(`step ${step}: two requests in flight`);
      if (call !== undefined) open = { call, mono: clock.monoMs };
    }
  };
  const receive = (held: HeldToken): void => {
    handed++;
    if (!known.includes(held)) known.push(held);
    if (rejected.has(held)) broken.push(`step ${step}: a rejected token was handed out`);
    if (!source.isCurrent(held)) broken.push(`step ${step}: a token that is not current was handed out`);
    const life = lives.get(held.token.value);
    if (life === undefined || clock.monoMs >= life.endMono || clock.wallMs >= life.endWall) {
      broken.push(`step ${step}: an expired token was handed out`);
    }
    const mono = obtainedMono.get(held.token.value) ?? 0;
    const wall = obtainedWall.get(held.token.value) ?? 0;
    if (capped.has(held) && (clock.monoMs - mono >= 60_000 || clock.wallMs - wall >= 60_000)) {
      broken.push(`step ${step}: a capped token was handed out after its 60 s`);
    }
  };
  const pick = (): HeldToken | undefined => known[known.length - 1 - Math.floor(random() ** 2 * known.length)];

  for (; step < steps; step++) {
    chance.value = random();
    const dice = random();
    if (dice < 0.4) {
      const got = source.get(random() < 0.7);
      noteCalls();
      if (got instanceof Promise) {
        got.then(receive, (error: unknown) => {
          if (!(error instanceof TokenRequestError)) broken.push(`step ${step}: not a TokenRequestError`);
          if (source.snapshot().usable) broken.push(`step ${step}: an error although a usable token is there`);
        });
      } else {
        receive(got);
      }
    } else if (dice < 0.6) {
      const span = random() < 0.2 ? 60_000 : random() < 0.5 ? 5_000 : 50;
      clock.advance(Math.floor(random() * span));
    } else if (dice < 0.78 && open !== undefined) {
      const { call, mono } = open;
      open = undefined;
      if (random() < 0.3) {
        call.reject(
          random() < 0.5 ? new Error('odd') : new TokenRequestError('no', { kind: 'permanent', reason: 'x' }),
        );
      } else {
        const value = `token${lives.size}`;
        const lifetimeMs = Math.floor(random() * (random() < 0.3 ? 400_000 : 8_000));
        lives.set(value, { endMono: mono + lifetimeMs, endWall: call.requestedAtMs + lifetimeMs });
        obtainedMono.set(value, clock.monoMs);
        obtainedWall.set(value, clock.wallMs);
        call.resolve({ value, requestedAtMs: call.requestedAtMs, lifetimeMs, lifetimeSource: 'expires_in' });
      }
      await settled();
    } else if (dice < 0.86) {
      const held = pick();
      if (held !== undefined) {
        const wasCurrent = source.isCurrent(held);
        const before = source.snapshot();
        source.reject(held);
        if (wasCurrent) rejected.add(held);
        if (source.isCurrent(held)) broken.push(`step ${step}: a rejected token stays`);
        if (!wasCurrent && source.snapshot().usable !== before.usable) {
          broken.push(`step ${step}: rejecting an old token touched the current one`);
        }
      }
    } else if (dice < 0.9) {
      const held = pick();
      if (held !== undefined && source.isCurrent(held)) {
        source.cap(held);
        capped.set(held, clock.monoMs);
      }
    } else if (dice < 0.94) {
      source.refreshInBackground();
      noteCalls();
    } else if (dice < 0.96) {
      clock.wallMs += Math.floor((random() - 0.5) * 7_200_000);
    } else {
      await settled();
      noteCalls();
    }
  }
  return { broken, handed, requests: provider.calls.length };
}

t.test('random sequences never break an invariant of the token source', async (t) => {
  for (const seed of [1, 2, 3, 20_240_607]) {
    const { broken, handed, requests } = await walk(seed, 4_000);
    t.same(broken.slice(0, 5), [], `seed ${seed}: ${handed} tokens handed out, ${requests} token requests`);
    t.ok(handed > 500 && requests > 50, `seed ${seed} walked through much of it (${handed}, ${requests})`);
  }
});
