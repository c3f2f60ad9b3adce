import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { startBearerd } from '../support/bearerd-process.ts';
import { rawRequest } from '../support/raw-http.ts';
import { startUpstream } from '../support/upstream.ts';

// Interface section 6, and the start with an identity provider that does not work yet.

const upstream = await startUpstream();
t.teardown(upstream.close);
let works = false;
const idp = await startUpstream((_seen, response) => {
  if (!works) response.writeHead(503).end('come back later');
  else response.end(JSON.stringify({ access_token: 'opaque-token', expires_in: 300 }));
});
t.teardown(idp.close);
const bearerd = await startBearerd({
  config: {
    routes: [{ name: 'api', path: '/', upstream: upstream.url, credential: 'idp' }],
    credentials: { idp: { tokenEndpoint: `${idp.url}/token`, clientId: 'id', clientSecret: 'a secret' } },
  },
});
t.teardown(() => bearerd.stop());
const get = (path: string, headers = {}) => fetch(bearerd.adminUrl + path, { headers });
const adminPort = Number(new URL(bearerd.adminUrl).port);

t.test('a first token that fails does not end the process: alive, not ready, and why', async (t) => {
  await bearerd.until(() => bearerd.stderr.includes('answered 503'), 'the failure of the first token request');
  t.equal((await get('/livez')).status, 200);
  const ready = await get('/readyz');
  t.equal(ready.status, 503);
  const { reasons } = JSON.parse(await ready.text());
  t.equal(reasons.length, 1);
  t.match(reasons[0], /credential idp has not obtained a token yet: .*answered 503/);
  t.ok(bearerd.running);
});

t.test('ready once the identity provider works, without any request: who is not ready gets none', async (t) => {
  works = true;
  const deadlineMs = performance.now() + 8_000;
  while ((await get('/readyz')).status !== 200 && performance.now() < deadlineMs) await delay(100);
  const ready = await get('/readyz');
  t.equal(ready.status, 200);
  t.same(JSON.parse(await ready.text()), { ready: true, reasons: [] });
  t.same(upstream.seen, [], 'no request was needed');
});

t.test('/metrics names what the interface promises', async (t) => {
  t.equal((await fetch(`${bearerd.url}/a?b`)).status, 200);
  t.equal((await fetch(bearerd.url, { headers: { Host: 'x', Origin: 'https://evil.example.com' } })).status, 403);
  const answer = await get('/metrics');
  t.match(answer.headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
  const text = await answer.text();
  for (const line of [
    /^bearerd_requests_total\{route="api",method="GET",status="2xx"\} 1$/m,
    /^bearerd_request_duration_seconds_count\{route="api"\} 1$/m,
    /^bearerd_upstream_duration_seconds_count\{route="api"\} 1$/m,
    /^bearerd_refusals_total\{listener="proxy",code="BEARERD_ORIGIN_NOT_ALLOWED"\} 1$/m,
    /^bearerd_token_requests_total\{credential="idp",outcome="success"\} 1$/m,
    /^bearerd_token_requests_total\{credential="idp",outcome="transient"\} [1-9]/m,
    /^bearerd_token_request_duration_seconds_count\{credential="idp"\} [1-9]/m,
    /^bearerd_token_age_seconds\{credential="idp"\} \d/m,
    /^bearerd_token_remaining_seconds\{credential="idp"\} \d/m,
    /^# TYPE bearerd_retries_total counter$/m,
    /^process_cpu_seconds_total /m,
  ]) {
    t.match(text, line);
  }
});

t.test('the guard is on the admin listener too (threat model 1 and 2)', async (t) => {
  const raw = (path: string, fields: string) =>
    rawRequest(adminPort, `GET ${path} HTTP/1.1\r\n${fields}Connection: close\r\n\r\n`);
  t.equal((await raw('/metrics', 'Host: rebound.example.com\r\n')).status, 421);
  t.equal((await raw('/metrics', 'Host: localhost\r\nOrigin: https://evil.example.com\r\n')).status, 403);
  t.equal((await raw('/metrics', 'Host: localhost\r\nSec-Fetch-Site: cross-site\r\n')).status, 403);
  const probe = await raw('/readyz', 'Host: 10.1.2.3:8081\r\n');
  t.equal(probe.status, 200, "a kubelet sends the pod's address");
  t.equal(probe.body.replace(/^0?\s*$/, ''), '', 'and gets the bare status');
  const unknown = await get('/unknown');
  t.equal(unknown.status, 404);
  t.match(unknown.headers.get('content-type'), 'application/problem+json');
});
