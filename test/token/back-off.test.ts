import t from 'tap';
import {
  afterFailure,
  type BackOff,
  forgiven,
  longestRetryAfterMs,
  noFailure,
  waitLeftMs,
} from '../../src/token/back-off.ts';
import type { TokenRequestError } from '../../src/token/provider.ts';
import { failure } from './support.ts';

const at = { wallMs: 1_000_000, monotonicMs: 0 };

/** Delay after each failure of a row. */
function delays(row: readonly TokenRequestError[], random: number): number[] {
  const seen: number[] = [];
  let state: BackOff = noFailure;
  for (const error of row) {
    state = afterFailure(state, error, at, random);
    seen.push(waitLeftMs(state, at));
  }
  return seen;
}

const transient = failure('transient');
const permanent = failure('permanent');

t.test('wire facts 4, item 3: the delays', async (t) => {
  const six = (error: TokenRequestError) => [error, error, error, error, error, error];
  t.same(delays(six(transient), 1), [1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  t.same(delays(six(transient), 0), [750, 1_500, 3_000, 6_000, 11_250, 11_250]);
  for (const random of [0, 1]) {
    t.same(delays(six(permanent), random), [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  }
  t.same(
    delays([transient, permanent, transient, permanent], 1),
    [1_000, 5_000, 2_000, 10_000],
    'each kind on its own',
  );
});

t.test('Retry-After wins over a transient delay, within sense (RFC 9110 §10.2.3)', async (t) => {
  t.same(delays([failure('transient', 30_000)], 0), [30_000]);
  t.same(delays([transient, transient, failure('transient', 200)], 0), [750, 1_500, 200], 'shorter ones too');
  t.same(delays([failure('transient', 0)], 0), [750], 'zero would be a storm');
  t.same(delays([failure('transient', 1e12)], 0), [longestRetryAfterMs]);
  t.same(delays([failure('permanent', 1)], 0), [5_000]);
});

t.test('the wait ends when either clock says so', async (t) => {
  const state = afterFailure(noFailure, transient, at, 1);
  t.equal(waitLeftMs(state, { wallMs: at.wallMs + 999, monotonicMs: 999 }), 1);
  t.equal(waitLeftMs(state, { wallMs: at.wallMs + 1_000, monotonicMs: 1_000 }), 0);
  t.equal(waitLeftMs(state, { wallMs: at.wallMs + 3_600_000, monotonicMs: 1 }), 0, 'woken up');
  t.equal(waitLeftMs(state, { wallMs: at.wallMs - 3_600_000, monotonicMs: 1_000 }), 0, 'set back');
  t.equal(waitLeftMs(noFailure, at), 0);
});

t.test('a forced refresh ends the wait and the doubling, and the failure stays known', async (t) => {
  const state = forgiven(afterFailure(afterFailure(noFailure, permanent, at, 1), permanent, at, 1));
  t.equal(waitLeftMs(state, at), 0);
  t.equal(state.last?.error, permanent);
  t.equal(waitLeftMs(afterFailure(state, permanent, at, 1), at), 5_000);
  t.equal(forgiven(noFailure), noFailure);
});
