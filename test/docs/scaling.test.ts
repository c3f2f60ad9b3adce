import { readFileSync } from 'node:fs';
import t from 'tap';
import { simulate, sum } from '../../bench/simulation/fleet.ts';
import { rowsOf, scalingPage } from '../../bench/simulation/page.ts';
import { fleetRow, fleets, outageRow, outages } from '../../bench/simulation/rows.ts';
import { seeded, VirtualTime } from '../../bench/simulation/virtual-time.ts';

const page = readFileSync('docs/scaling.md', 'utf8');

t.test(
  'issue 9: docs/scaling.md is what npm run simulate and docs/performance.md say (else npm run reference)',
  async (t) => {
    const rows = rowsOf(page);
    t.equal(page, scalingPage(rows, readFileSync('docs/performance.md', 'utf8')));
    t.equal(rows.fleets.length, fleets.length);
    t.equal(rows.outages.length, outages.length);
    for (const [i, replicas] of fleets.entries())
      if (replicas <= 100) t.equal(rows.fleets[i], await fleetRow(replicas));
    for (const [i, [replicas, minutes]] of outages.entries()) {
      if (replicas <= 100) t.equal(rows.outages[i], await outageRow(replicas, minutes));
    }
  },
);

const fleet = { replicas: 20, shared: false, lifeSeconds: 600, gapSeconds: 5, startSeconds: 1, seconds: 700 };

t.test('an outage shorter than a fifth of a life is not seen; a longer one is, until it ends', async (t) => {
  const short = await simulate({ ...fleet, outage: { fromSecond: 440, toSecond: 440 + 120 } });
  t.equal(sum(short.failed, 0, 700), 0);
  const long = await simulate({ ...fleet, outage: { fromSecond: 440, toSecond: 680 } });
  t.equal(sum(long.failed, 0, 590), 0);
  t.ok(sum(long.failed, 605, 680) > 0);
});

t.test('a fleet with a shared cache asks as one process does', async (t) => {
  const shared = await simulate({ ...fleet, shared: true });
  t.equal(sum(shared.tokenRequests, 0, 700), 2, 'at the start, and after three quarters of a life');
  t.ok(sum((await simulate(fleet)).tokenRequests, 0, 700) === 40);
  t.strictSame(await simulate(fleet, 7), await simulate(fleet, 7), 'the same seed, the same figures');
});

t.test('virtual time: in order, at once, and never back', async (t) => {
  const time = new VirtualTime();
  const random = seeded(3);
  const seen: number[] = [];
  for (let i = 0; i < 500; i += 1) time.after(Math.floor(random() * 50), () => seen.push(time.monotonicMs()));
  await time.until(40);
  t.strictSame(
    seen,
    [...seen].sort((a, b) => a - b),
  );
  t.ok(seen.length > 300 && seen.length < 500);
  t.equal(time.monotonicMs(), 40);
});
