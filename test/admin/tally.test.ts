import t from 'tap';
import { latencyBoundsMs, methodClasses, RouteTally, statusClasses, Tally } from '../../src/admin/tally.ts';

function cell(route: RouteTally, method: (typeof methodClasses)[number], status: (typeof statusClasses)[number]) {
  return route.requests[methodClasses.indexOf(method) * statusClasses.length + statusClasses.indexOf(status)];
}

t.test('requests are counted by method and status class; what a client invents is `other`', async (t) => {
  const route = new Tally(0).route('api');
  for (const method of methodClasses) if (method !== 'other') route.finished(method, 204, 1, 1, undefined);
  for (const method of methodClasses) if (method !== 'other') t.equal(cell(route, method, '2xx'), 1, method);
  route.finished('PROPFIND', 199, 1, 1, undefined);
  route.finished('X'.repeat(100), 302, 1, 1, undefined);
  route.finished('GET', 404, 1, 1, undefined);
  route.finished('GET', 599, 1, 1, undefined);
  route.finished('GET', 0, 1, undefined, undefined);
  t.equal(cell(route, 'other', '1xx'), 1);
  t.equal(cell(route, 'other', '3xx'), 1);
  t.equal(cell(route, 'GET', '4xx'), 1);
  t.equal(cell(route, 'GET', '5xx'), 1);
  t.equal(cell(route, 'GET', 'aborted'), 1, 'no answer: the client left');
});

t.test('a latency falls into the first bucket that holds it', async (t) => {
  const route = new RouteTally();
  route.finished('GET', 200, 1, undefined, undefined);
  route.finished('GET', 200, 1.1, 0.5, undefined);
  route.finished('GET', 200, 1e9, 300_000, undefined);
  t.equal(route.total.counts[0], 1, 'a bound belongs to its bucket');
  t.equal(route.total.counts[1], 1);
  t.equal(route.total.counts[latencyBoundsMs.length], 1, 'slower than every bound');
  t.equal(route.total.sumMs, 1e9 + 2.1);
  t.equal(route.upstream.sumMs, 300_000.5, 'nothing sent upstream, nothing observed');
});

t.test('token requests, retries and refusals', async (t) => {
  const tally = new Tally(0);
  tally.credential('idp').tokenRequested('success', 10);
  tally.credential('idp').tokenRequested('transient', 20);
  t.strictSame(tally.credential('idp').outcomes, { success: 1, transient: 1, permanent: 0 });
  t.equal(tally.credential('idp').latency.sumMs, 30);
  tally.route('api').repeated('M5');
  tally.route('api').repeated('M5');
  t.strictSame([...tally.route('api').retries], [['M5', 2]]);
  tally.refused('proxy', 'BEARERD_HOST_NOT_ALLOWED');
  tally.refused('proxy', 'BEARERD_HOST_NOT_ALLOWED');
  tally.refused('admin', 'BEARERD_ORIGIN_NOT_ALLOWED');
  t.strictSame([...tally.refusals.proxy], [['BEARERD_HOST_NOT_ALLOWED', 2]]);
  t.strictSame([...tally.refusals.admin], [['BEARERD_ORIGIN_NOT_ALLOWED', 1]]);
  tally.route('api').notRepeated('cooldown');
  tally.route('api').notRepeated('cooldown');
  t.strictSame([...tally.route('api').skipped], [['cooldown', 2]]);
});

t.test('what bearerd adds is observed only where there was an answer', async (t) => {
  const route = new RouteTally();
  route.finished('GET', 200, 10, 8, 2);
  route.finished('GET', 0, 10, undefined, undefined);
  t.equal(route.added.sumMs, 2);
  t.equal(
    route.added.counts.reduce((sum, count) => sum + count),
    1,
  );
});

t.test('routes and credentials that a reload takes out leave no series behind', async (t) => {
  const tally = new Tally(0);
  for (const name of ['a', 'b']) {
    tally.route(name).finished('GET', 200, 1, 1, 1);
    tally.credential(name).tokenRequested('success', 1);
  }
  tally.keepOnly(['b'], ['a']);
  t.strictSame([...tally.routes.keys()], ['b']);
  t.strictSame([...tally.credentials.keys()], ['a']);
});

t.test('a failed reload is remembered until the next success', async (t) => {
  const { reloads } = new Tally(1000);
  t.equal(reloads.last, undefined);
  reloads.ended('failure', ['x.yaml:1:1: no'], 2000);
  t.strictSame(reloads.last, { atMs: 2000, outcome: 'failure', problems: ['x.yaml:1:1: no'] });
  t.equal(reloads.inForceSinceMs, 1000);
  reloads.ended('success', [], 3000);
  t.strictSame([reloads.outcomes, reloads.inForceSinceMs], [{ success: 1, failure: 1 }, 3000]);
});
