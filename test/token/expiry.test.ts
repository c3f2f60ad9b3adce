import t from 'tap';
import {
  elapsedMs,
  later,
  minimumRemainingMs,
  mustRefresh,
  refreshAheadAgeMs,
  shouldRefreshAhead,
  shouldWait,
  waitZoneMs,
} from '../../src/token/expiry.ts';

const never = Number.POSITIVE_INFINITY;

t.test('wire facts 4, item 6: the arithmetic of a life', async (t) => {
  const table: readonly [life: number, ahead: number, aheadJittered: number, zone: number, minimum: number][] = [
    // life, 0.8 L, 0.75 L, min(2 s, 5 %), min(60 s, 20 %), all in milliseconds
    [1_000, 800, 750, 50, 200],
    [2_000, 1_600, 1_500, 100, 400],
    [40_000, 32_000, 30_000, 2_000, 8_000],
    [41_000, 32_800, 30_750, 2_000, 8_200],
    [300_000, 240_000, 225_000, 2_000, 60_000],
    [360_000, 288_000, 270_000, 2_000, 60_000],
    [3_600_000, 2_880_000, 2_700_000, 2_000, 60_000],
    [never, never, never, 2_000, 60_000],
  ];
  for (const [life, ahead, aheadJittered, zone, minimum] of table) {
    t.equal(refreshAheadAgeMs(life, 0), ahead, `refresh ahead, life ${life}`);
    t.equal(refreshAheadAgeMs(life, 1), aheadJittered, `refresh ahead with all the jitter, life ${life}`);
    t.equal(waitZoneMs(life), zone, `wait zone, life ${life}`);
    t.equal(minimumRemainingMs(life), minimum, `minimum remaining, life ${life}`);
  }
});

t.test('expired, due and waiting at the exact bounds', async (t) => {
  const life = 360_000;
  const table: readonly [age: number, must: boolean, ahead: boolean, wait: boolean, waitUnrepeatable: boolean][] = [
    [0, false, false, false, false],
    [287_999, false, false, false, false],
    [288_000, false, true, false, false],
    [300_000, false, true, false, false],
    [300_001, false, true, false, true],
    [357_999, false, true, false, true],
    [358_000, false, true, true, true],
    [359_999, false, true, true, true],
    [360_000, true, true, true, true],
    [360_001, true, true, true, true],
  ];
  for (const [age, must, ahead, wait, waitUnrepeatable] of table) {
    t.equal(mustRefresh(age, life), must, `expired at ${age}`);
    t.equal(shouldRefreshAhead(age, refreshAheadAgeMs(life, 0)), ahead, `due at ${age}`);
    t.equal(shouldWait(age, life, true), wait, `waits at ${age}`);
    t.equal(shouldWait(age, life, false), waitUnrepeatable, `waits at ${age} with a body that cannot be repeated`);
  }
  t.equal(mustRefresh(1e15, never), false);
  t.equal(shouldWait(1e15, never, false), false);
});

t.test('time that passed is what the clock says that saw more of it', async (t) => {
  const start = { wallMs: 1_000, monotonicMs: 10 };
  t.equal(elapsedMs(start, { wallMs: 1_500, monotonicMs: 510 }), 500);
  t.equal(elapsedMs(start, { wallMs: 9_000, monotonicMs: 10 }), 8_000, 'a laptop that slept');
  t.equal(elapsedMs(start, { wallMs: -9_000, monotonicMs: 510 }), 500, 'a wall clock set back');
  t.same(later(start, 5), { wallMs: 1_005, monotonicMs: 15 });
});
