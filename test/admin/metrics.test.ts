import t from 'tap';
import { families } from '../../src/admin/metric-families.ts';
import type { MetricSources, TokenGauge } from '../../src/admin/metric-sources.ts';
import { createMetrics } from '../../src/admin/metrics.ts';
import { Tally } from '../../src/admin/tally.ts';

function sources(tally: Tally, over: Partial<MetricSources> = {}): MetricSources {
  return {
    tally,
    tokens: () => [],
    credentials: () => [],
    connections: () => ({ proxy: 0, admin: 0, webSockets: 0 }),
    tokenCache: () => ({ kind: 'memory', available: true }),
    certificates: () => [],
    about: { version: '1.2.3', node: '20.20.2' },
    nowMs: () => 1_000_000,
    ...over,
  };
}

function lines(body: string): Set<string> {
  return new Set(body.split('\n'));
}

t.test('what was counted is what is shown', async (t) => {
  const tally = new Tally(0);
  const held: TokenGauge[] = [
    { credential: 'idp', ageMs: 1500, remainingMs: 298_500 },
    { credential: 'fixed', ageMs: 2000, remainingMs: undefined },
  ];
  const scrape = createMetrics(
    sources(tally, {
      tokens: () => held,
      credentials: () => [
        { credential: 'idp', usable: true },
        { credential: 'fixed', usable: false },
      ],
      connections: () => ({ proxy: 3, admin: 1, webSockets: 2 }),
      tokenCache: () => ({ kind: 'redis', available: false }),
    }),
  );
  tally.route('api').finished('GET', 200, 3, 2, 1);
  tally.route('api').finished('BREW', 503, 700_000, undefined, undefined);
  tally.route('api').repeated('M5');
  tally.route('api').notRepeated('body_too_large');
  tally.refused('proxy', 'BEARERD_HOST_NOT_ALLOWED');
  tally.refused('admin', 'BEARERD_ORIGIN_NOT_ALLOWED');
  tally.credential('idp').shared = 7;
  tally.credential('idp').takenOver = 2;
  tally.reloads.ended('failure', ['x'], 5);
  tally.credential('idp').tokenRequested('permanent', 30);
  const { contentType, body } = await scrape();
  t.match(contentType, /^text\/plain; version=0\.0\.4/);
  const shown = lines(body);
  for (const line of [
    '# TYPE bearerd_requests_total counter',
    'bearerd_requests_total{route="api",method="GET",status="2xx"} 1',
    'bearerd_requests_total{route="api",method="other",status="5xx"} 1',
    '# TYPE bearerd_request_duration_seconds histogram',
    'bearerd_request_duration_seconds_bucket{route="api",le="0.0025"} 0',
    'bearerd_request_duration_seconds_bucket{route="api",le="0.005"} 1',
    'bearerd_request_duration_seconds_bucket{route="api",le="300"} 1',
    'bearerd_request_duration_seconds_bucket{route="api",le="+Inf"} 2',
    'bearerd_request_duration_seconds_sum{route="api"} 700.003',
    'bearerd_request_duration_seconds_count{route="api"} 2',
    'bearerd_upstream_duration_seconds_count{route="api"} 1',
    'bearerd_retries_total{route="api",rule="M5"} 1',
    'bearerd_refusals_total{listener="proxy",code="BEARERD_HOST_NOT_ALLOWED"} 1',
    'bearerd_refusals_total{listener="admin",code="BEARERD_ORIGIN_NOT_ALLOWED"} 1',
    'bearerd_added_duration_seconds_sum{route="api"} 0.001',
    'bearerd_replays_skipped_total{route="api",reason="body_too_large"} 1',
    'bearerd_token_refreshes_shared_total{credential="idp"} 7',
    'bearerd_tokens_taken_over_total{credential="idp"} 2',
    'bearerd_token_cache_available{cache="redis"} 0',
    'bearerd_credential_usable{credential="idp"} 1',
    'bearerd_credential_usable{credential="fixed"} 0',
    'bearerd_token_expiry_timestamp_seconds{credential="idp"} 1298.5',
    'bearerd_connections_open{listener="proxy"} 3',
    'bearerd_connections_open{listener="admin"} 1',
    'bearerd_websockets_open 2',
    'bearerd_config_reloads_total{outcome="success"} 0',
    'bearerd_config_reloads_total{outcome="failure"} 1',
    'bearerd_config_last_reload_successful 0',
    'bearerd_config_in_force_timestamp_seconds 0',
    'bearerd_build_info{version="1.2.3",node="20.20.2"} 1',
    'bearerd_token_requests_total{credential="idp",outcome="success"} 0',
    'bearerd_token_requests_total{credential="idp",outcome="permanent"} 1',
    'bearerd_token_request_duration_seconds_sum{credential="idp"} 0.03',
    '# TYPE bearerd_token_age_seconds gauge',
    'bearerd_token_age_seconds{credential="idp"} 1.5',
    'bearerd_token_age_seconds{credential="fixed"} 2',
    'bearerd_token_remaining_seconds{credential="idp"} 298.5',
  ]) {
    t.ok(shown.has(line), line);
  }
  t.notMatch(body, 'bearerd_token_remaining_seconds{credential="fixed"}');
  t.notMatch(body, 'BREW', 'a client cannot invent series');
  t.match(body, 'nodejs_eventloop_lag_p99_seconds');
  t.match(body, 'process_resident_memory_bytes');
});

t.test('a second scrape reads the tallies again, and two instances do not share a registry', async (t) => {
  const tally = new Tally(0);
  const scrape = createMetrics(sources(tally));
  await scrape();
  tally.route('late').finished('GET', 200, 1, 1, 0);
  const shown = lines((await scrape()).body);
  t.ok(shown.has('bearerd_requests_total{route="late",method="GET",status="2xx"} 1'));
  t.notMatch((await createMetrics(sources(new Tally(0)))()).body, 'late');
});

t.test('the labels of every sample are those that the table announces', async (t) => {
  const tally = new Tally(0);
  tally.route('r').finished('GET', 200, 1, 1, 1);
  tally.route('r').repeated('M5');
  tally.route('r').notRepeated('cooldown');
  tally.refused('proxy', 'BEARERD_NO_ROUTE');
  tally.credential('c').tokenRequested('success', 1);
  const given = sources(tally, {
    tokens: () => [{ credential: 'c', ageMs: 1, remainingMs: 1 }],
    credentials: () => [{ credential: 'c', usable: true }],
    certificates: () => [{ kind: 'route', name: 'r', skipped: true }],
    tokenCache: () => ({ kind: 'file', available: true }),
  });
  for (const { name, labels, samples, type } of families) {
    const all = samples(given);
    t.ok(all.length > 0, `${name} has a value`);
    for (const sample of all) {
      const names = Object.keys(sample.labels).filter((label) => type !== 'histogram' || label !== 'le');
      t.strictSame(names, Object.keys(labels), name);
    }
    t.match(name, type === 'counter' ? /^bearerd_.*_total$/ : /^bearerd_(?!.*_total$)/);
  }
});
