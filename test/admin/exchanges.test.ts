import t from 'tap';
import { Exchanges, type FinishedExchange } from '../../src/admin/exchanges.ts';

/** An exchange that is over, with what a test wants to be different. */
function finished(n: number, over: Partial<FinishedExchange> = {}): FinishedExchange {
  return {
    requestId: `id-${n}`,
    route: 'api',
    credential: 'idp',
    method: 'GET',
    path: `/${n}`,
    query: false,
    status: 200,
    aborted: false,
    error: undefined,
    detail: undefined,
    action: undefined,
    endedMs: 1_000_000 + n,
    totalMs: 5,
    notes: undefined,
    headers: undefined,
    ...over,
  };
}

const ids = (exchanges: readonly FinishedExchange[]) => exchanges.map(({ requestId }) => requestId);

t.test('the ring keeps the last ones, in order', async (t) => {
  const ring = new Exchanges({ count: 3, bytes: 1_000_000 });
  t.strictSame(ring.from(0), []);
  for (let n = 0; n < 8; n += 1) ring.add(finished(n));
  t.strictSame(ids(ring.from(0)), ['id-5', 'id-6', 'id-7']);
  t.strictSame(ids(ring.from(7)), ['id-7']);
  t.strictSame(ids(ring.from(0, 2)), ['id-6', 'id-7'], 'of too many the newest');
  t.strictSame(ring.from(ring.end), []);
  t.equal(ring.find('id-6')?.path, '/6');
  t.equal(ring.find('id-4'), undefined);
});

t.test('the ring is bounded in bytes, whatever clients send', async (t) => {
  const ring = new Exchanges({ count: 500, bytes: 64 * 1024 });
  const long = 'x'.repeat(1000);
  const headers = { request: Array.from({ length: 20 }, () => ['x-long', long] as const), response: [] };
  for (let n = 0; n < 1000; n += 1) ring.add(finished(n, { path: `/${long}`, detail: long, action: long, headers }));
  t.ok(ring.bytes <= 64 * 1024, `${ring.bytes} bytes`);
  t.equal(ring.from(0).length, 2);
  for (let n = 0; n < 1000; n += 1) ring.add(finished(n));
  t.ok(ring.bytes <= 64 * 1024, 'small ones take their place');
  t.ok(ring.from(0).length > 100);
  const count = ring.from(0).length;
  ring.add(finished(1, { path: 'y'.repeat(100_000) }));
  t.equal(ring.from(0).length, 1, 'the newest is kept even when it is too big');
  ring.add(finished(2));
  t.strictSame(ids(ring.from(0)), ['id-2'], 'but not for long');
  t.equal(ring.bytes < 1000, true);
  t.ok(count > 1);
});

t.test('somebody looks while at least one does', async (t) => {
  const ring = new Exchanges();
  t.equal(ring.watched, false);
  const one = ring.watch();
  const other = ring.watch();
  one();
  one();
  t.equal(ring.watched, true, 'ending twice counts once');
  other();
  t.equal(ring.watched, false);
});

t.test('the traffic counts those too that are no longer kept', async (t) => {
  const ring = new Exchanges({ count: 2, bytes: 10_000 });
  const start = 1_700_000_000_000;
  for (let n = 0; n < 10; n += 1)
    ring.add(finished(n, { endedMs: start + n, status: n === 0 ? 503 : 200, totalMs: n }));
  ring.add(finished(10, { endedMs: start + 1, status: 0, aborted: true }));
  ring.add(finished(11, { endedMs: start + 6_000, status: 101, totalMs: 3_600_000 }));
  t.strictSame(ring.traffic.since(0, start + 6_000), [
    {
      at: new Date(start).toISOString(),
      requests: { '2xx': 9, '5xx': 1, aborted: 1 },
      averageMs: 4.5,
      slowestMs: 9,
    },
    { at: new Date(start + 5_000).toISOString(), requests: { '1xx': 1 }, averageMs: 0, slowestMs: 0 },
  ]);
  t.equal(ring.traffic.since(start + 5_000, start + 6_000).length, 1, 'from a moment on');
  t.strictSame(ring.traffic.since(0, start + 11 * 60_000), [], 'nothing older than ten minutes');
  ring.add(finished(12, { endedMs: start + 600_000 }));
  t.strictSame(
    ring.traffic.since(0, start + 600_000).map(({ requests }) => requests),
    [{ '1xx': 1 }, { '2xx': 1 }],
    'a place is begun anew',
  );
});
