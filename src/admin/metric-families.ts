import { skipReasons } from '../challenge/skip-reason.ts';
import type { MetricSources } from './metric-sources.ts';
import { histogram, requestSamples, type Sample } from './samples.ts';
import { methodClasses, statusClasses, type Tally } from './tally.ts';

/** Something that is worth somebody's attention: a row of docs/metrics.md and a rule of examples/grafana/alerts.yaml. */
export interface Alert {
  readonly name: string;
  /** critical: callers get errors now; warning: look at it within the day. */
  readonly severity: 'critical' | 'warning';
  /** How long it has to hold, as Prometheus writes durations. */
  readonly lasting: string;
  /** In PromQL. */
  readonly when: string;
  readonly means: string;
}

/** A metric: its values, and what the reference says of it. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Label → the values that it can have, in words; they are what bounds the number of series. */
  readonly labels: Readonly<Record<string, string>>;
  readonly alert?: Alert;
  readonly samples: (sources: MetricSources) => readonly Sample[];
}

const route = { route: 'names of routes' };
const credential = { credential: 'names of credentials' };

/** Every metric of bearerd's own: what /metrics shows, and what docs/metrics.md is made of. */
export const families: readonly Family[] = [
  {
    name: 'bearerd_requests_total',
    help: 'Requests by route, method and status class; aborted: the client left before the answer.',
    type: 'counter',
    labels: { ...route, method: methodClasses.join(', '), status: statusClasses.join(', ') },
    alert: {
      name: 'BearerdErrors',
      severity: 'critical',
      lasting: '5m',
      when: 'sum by (route) (rate(bearerd_requests_total{status="5xx"}[5m])) / sum by (route) (rate(bearerd_requests_total[5m])) > 0.05',
      means: 'One answer in twenty is an error of the API or of bearerd; the access log has the code.',
    },
    samples: ({ tally }) => [...tally.routes].flatMap(([name, counts]) => requestSamples(name, counts.requests)),
  },
  {
    name: 'bearerd_request_duration_seconds',
    help: 'Time from the request head to the last byte of the answer.',
    type: 'histogram',
    labels: route,
    samples: ({ tally }) =>
      perRoute(tally, (name, { total }) => histogram('bearerd_request_duration_seconds', { route: name }, total)),
  },
  {
    name: 'bearerd_upstream_duration_seconds',
    help: "Time spent waiting for the upstream's response head, all attempts together.",
    type: 'histogram',
    labels: route,
    samples: ({ tally }) =>
      perRoute(tally, (name, { upstream }) =>
        histogram('bearerd_upstream_duration_seconds', { route: name }, upstream),
      ),
  },
  {
    name: 'bearerd_added_duration_seconds',
    help: 'Time to the head of the answer that was not waiting for the upstream: what bearerd adds, waiting for a token included.',
    type: 'histogram',
    labels: route,
    alert: {
      name: 'BearerdSlow',
      severity: 'warning',
      lasting: '10m',
      when: 'histogram_quantile(0.99, sum by (route, le) (rate(bearerd_added_duration_seconds_bucket[5m]))) > 0.25',
      means: 'Requests wait in bearerd: for tokens (see the token metrics), or for the processor (see the event loop).',
    },
    samples: ({ tally }) =>
      perRoute(tally, (name, { added }) => histogram('bearerd_added_duration_seconds', { route: name }, added)),
  },
  {
    name: 'bearerd_retries_total',
    help: 'Requests sent a second time after a 401, by the rule that asked for it.',
    type: 'counter',
    labels: { ...route, rule: 'rows of the 401 table: M4, M5, M7, M8, M13' },
    alert: {
      name: 'BearerdManyRepeats',
      severity: 'warning',
      lasting: '15m',
      when: 'sum by (route) (rate(bearerd_retries_total[15m])) > 0.1 * sum by (route) (rate(bearerd_requests_total[15m]))',
      means:
        'The API refuses tokens that should be good: a clock that is off, a lifetime that is not the real one, tokens revoked.',
    },
    samples: ({ tally }) =>
      perRoute(tally, (name, { retries }) =>
        [...retries].map(([rule, value]) => ({ labels: { route: name, rule }, value })),
      ),
  },
  {
    name: 'bearerd_replays_skipped_total',
    help: 'Requests not sent a second time although their 401 was about the token, by reason.',
    type: 'counter',
    labels: { ...route, reason: skipReasons.join(', ') },
    alert: {
      name: 'BearerdTokenRefused',
      severity: 'critical',
      lasting: '0m',
      when: 'sum by (route, reason) (increase(bearerd_replays_skipped_total[15m])) > 0',
      means:
        'Callers got an error because of the token; the reason says whether to look at replay.maxBody, the identity provider or the API.',
    },
    samples: ({ tally }) =>
      perRoute(tally, (name, { skipped }) =>
        [...skipped].map(([reason, value]) => ({ labels: { route: name, reason }, value })),
      ),
  },
  {
    name: 'bearerd_refusals_total',
    help: 'Requests that the guard, a policy or a limit refused, by listener and error code.',
    type: 'counter',
    labels: { listener: 'proxy, admin', code: 'codes of docs/errors.md' },
    alert: {
      name: 'BearerdStrangers',
      severity: 'warning',
      lasting: '0m',
      when: 'sum by (code) (increase(bearerd_refusals_total{code=~"BEARERD_(HOST|ORIGIN)_NOT_ALLOWED"}[15m])) > 10',
      means:
        'A name is missing in guard.allowedHosts or guard.allowedOrigins, or a web page is trying to use the proxy.',
    },
    samples: ({ tally }) =>
      Object.entries(tally.refusals).flatMap(([listener, codes]) =>
        [...codes].map(([code, value]) => ({ labels: { listener, code }, value })),
      ),
  },
  {
    name: 'bearerd_token_requests_total',
    help: 'Token requests by outcome; transient failures are tried again, permanent ones need a person.',
    type: 'counter',
    labels: { ...credential, outcome: 'success, transient, permanent' },
    alert: {
      name: 'BearerdTokenRequestRefused',
      severity: 'critical',
      lasting: '0m',
      when: 'increase(bearerd_token_requests_total{outcome="permanent"}[10m]) > 0',
      means: 'The token endpoint refuses: a secret has changed or a client was removed. /api/status has its words.',
    },
    samples: ({ tally }) =>
      perCredential(tally, (name, { outcomes }) =>
        Object.entries(outcomes).map(([outcome, value]) => ({ labels: { credential: name, outcome }, value })),
      ),
  },
  {
    name: 'bearerd_token_request_duration_seconds',
    help: 'Duration of token requests.',
    type: 'histogram',
    labels: credential,
    samples: ({ tally }) =>
      perCredential(tally, (name, { latency }) =>
        histogram('bearerd_token_request_duration_seconds', { credential: name }, latency),
      ),
  },
  {
    name: 'bearerd_token_refreshes_shared_total',
    help: 'Requests that waited for a token request that another one had started.',
    type: 'counter',
    labels: credential,
    samples: ({ tally }) =>
      perCredential(tally, (name, { shared }) => [{ labels: { credential: name }, value: shared }]),
  },
  {
    name: 'bearerd_tokens_taken_over_total',
    help: 'Tokens of other processes that were taken over from the shared cache in place of a token request.',
    type: 'counter',
    labels: credential,
    samples: ({ tally }) =>
      perCredential(tally, (name, { takenOver }) => [{ labels: { credential: name }, value: takenOver }]),
  },
  {
    name: 'bearerd_token_cache_available',
    help: '1 while the shared cache can be used, 0 while this process asks for tokens by itself; absent without tokens.cache.',
    type: 'gauge',
    labels: { cache: 'redis, file' },
    alert: {
      name: 'BearerdTokenCacheGone',
      severity: 'warning',
      lasting: '0m',
      when: 'max_over_time(bearerd_token_cache_available[10m]) == 0',
      means: 'Each process asks for its own tokens: more token requests, no failed ones. /api/status says why.',
    },
    samples: ({ tokenCache }) => {
      const { kind, available } = tokenCache();
      return kind === 'memory' ? [] : [{ labels: { cache: kind }, value: available ? 1 : 0 }];
    },
  },
  {
    name: 'bearerd_credential_usable',
    help: '1 while a token that may be sent is there, else 0; without traffic a token may lapse.',
    type: 'gauge',
    labels: credential,
    alert: {
      name: 'BearerdNoToken',
      severity: 'critical',
      lasting: '1m',
      when: 'bearerd_credential_usable == 0 and on (credential, instance) increase(bearerd_token_requests_total{outcome!="success"}[5m]) > 0',
      means: 'No token is left and none can be had: every request of its routes is answered with an error.',
    },
    samples: ({ credentials }) =>
      credentials().map((one) => ({ labels: { credential: one.credential }, value: one.usable ? 1 : 0 })),
  },
  {
    name: 'bearerd_token_age_seconds',
    help: 'Age of the token that is held, counted from the moment it was handed over.',
    type: 'gauge',
    labels: credential,
    samples: ({ tokens }) =>
      tokens().map((one) => ({ labels: { credential: one.credential }, value: one.ageMs / 1000 })),
  },
  {
    name: 'bearerd_token_remaining_seconds',
    help: 'Time until the token that is held may no longer be sent; absent when it never expires.',
    type: 'gauge',
    labels: credential,
    samples: ({ tokens }) =>
      tokens().flatMap((one) =>
        one.remainingMs === undefined
          ? []
          : [{ labels: { credential: one.credential }, value: one.remainingMs / 1000 }],
      ),
  },
  {
    name: 'bearerd_token_expiry_timestamp_seconds',
    help: 'Unix time at which the token that is held may no longer be sent; absent when it never expires.',
    type: 'gauge',
    labels: credential,
    samples: ({ tokens, nowMs }) =>
      tokens().flatMap((one) =>
        one.remainingMs === undefined
          ? []
          : [{ labels: { credential: one.credential }, value: (nowMs() + one.remainingMs) / 1000 }],
      ),
  },
  {
    name: 'bearerd_connections_open',
    help: 'Connections of clients that are open, WebSockets included.',
    type: 'gauge',
    labels: { listener: 'proxy, admin' },
    alert: {
      name: 'BearerdManyConnections',
      severity: 'warning',
      lasting: '5m',
      when: 'bearerd_connections_open{listener="proxy"} > 8000',
      means: 'Near limits.connections (10000 by default); beyond it requests are answered 503.',
    },
    samples: ({ connections }) => {
      const { proxy, admin } = connections();
      return [
        { labels: { listener: 'proxy' }, value: proxy },
        { labels: { listener: 'admin' }, value: admin },
      ];
    },
  },
  {
    name: 'bearerd_websockets_open',
    help: 'WebSockets that are open.',
    type: 'gauge',
    labels: {},
    samples: ({ connections }) => [{ labels: {}, value: connections().webSockets }],
  },
  {
    name: 'bearerd_config_reloads_total',
    help: 'Readings of the configuration after the start, by outcome.',
    type: 'counter',
    labels: { outcome: 'success, failure' },
    samples: ({ tally }) =>
      Object.entries(tally.reloads.outcomes).map(([outcome, value]) => ({ labels: { outcome }, value })),
  },
  {
    name: 'bearerd_config_last_reload_successful',
    help: '1 when the last reading of the configuration was taken over, 0 when the one before it is still in force.',
    type: 'gauge',
    labels: {},
    alert: {
      name: 'BearerdConfigurationRefused',
      severity: 'warning',
      lasting: '5m',
      when: 'bearerd_config_last_reload_successful == 0',
      means: 'What is in the files is not what is in force, and the next start would fail; bearerd check says why.',
    },
    samples: ({ tally }) => [{ labels: {}, value: tally.reloads.last?.outcome === 'failure' ? 0 : 1 }],
  },
  {
    name: 'bearerd_config_in_force_timestamp_seconds',
    help: 'Unix time at which the configuration in force was taken over.',
    type: 'gauge',
    labels: {},
    samples: ({ tally }) => [{ labels: {}, value: tally.reloads.inForceSinceMs / 1000 }],
  },
  {
    name: 'bearerd_insecure_skip_verify',
    help: '1 while no certificate of the server of this route or credential is verified (tls.insecureSkipVerify), else 0.',
    type: 'gauge',
    labels: { kind: 'route, credential', name: 'names of routes and credentials' },
    alert: {
      name: 'BearerdCertificatesNotVerified',
      severity: 'warning',
      lasting: '0m',
      when: 'bearerd_insecure_skip_verify == 1',
      means: 'Whoever answers in the place of that server gets the token or the secret; put its CA into tls.ca.',
    },
    samples: ({ certificates }) =>
      certificates().map(({ kind, name, skipped }) => ({ labels: { kind, name }, value: skipped ? 1 : 0 })),
  },
  {
    name: 'bearerd_build_info',
    help: 'Always 1; the labels say what runs.',
    type: 'gauge',
    labels: { version: 'of bearerd', node: 'of Node' },
    samples: ({ about: { version, node } }) => [{ labels: { version, node }, value: 1 }],
  },
];

function perRoute(
  { routes }: Tally,
  samples: (name: string, tally: ReturnType<Tally['route']>) => readonly Sample[],
): Sample[] {
  return [...routes].flatMap(([name, tally]) => samples(name, tally));
}

function perCredential(
  { credentials }: Tally,
  samples: (name: string, tally: ReturnType<Tally['credential']>) => readonly Sample[],
): Sample[] {
  return [...credentials].flatMap(([name, tally]) => samples(name, tally));
}
