import t from 'tap';
import { parseAllowRule } from '../../src/config/allow-rule.ts';
import type { Config } from '../../src/config/config.ts';
import { Secret } from '../../src/config/secret.ts';
import { defaultRoute, startProxy } from '../support/proxy.ts';
import { rawRequest } from '../support/raw-http.ts';
import { startUpstream } from '../support/upstream.ts';
import { type Attempt, bytesOf } from './attempt.ts';
import { foreignHosts, foreignOrigins, hostAttempts, keyAttempts, localKey, originAttempts } from './guard-attempts.ts';
import { allowAttempts, allowed, otherRouteAttempts, readOnlyAttempts } from './policy-attempts.ts';

// Issue 7, acceptance 2: no attempt reaches the upstream or the token endpoint, and the same bytes do where the guard or
// the policy is relaxed, so that the table shows what the guard does and not what else is wrong with a request.

const guard = { allowedHosts: ['localhost', '127.0.0.1', '[::1]'], allowedOrigins: [] };
const upstream = await startUpstream();
t.teardown(() => upstream.close());
const route = { ...defaultRoute, upstream: upstream.url };
const allow = allowed.map((text) => {
  const read = parseAllowRule(text);
  if ('problem' in read) throw new Error(read.problem);
  return read.value;
});
const key = new Secret({ kind: 'value', value: localKey });

const groups: readonly [
  what: string,
  attempts: readonly Attempt[],
  strict: Partial<Config>,
  relaxed: Partial<Config>,
][] = [
  ['Host', hostAttempts, { guard }, { guard: { ...guard, allowedHosts: ['localhost', ...foreignHosts] } }],
  ['Origin', originAttempts, { guard }, { guard: { ...guard, allowedOrigins: foreignOrigins } }],
  ['localKey', keyAttempts, { guard: { ...guard, localKey: key } }, { guard }],
  ['allow', allowAttempts, { routes: [{ ...route, allow }] }, { routes: [route] }],
  ['readOnly', readOnlyAttempts, { routes: [{ ...route, readOnly: true }] }, { routes: [route] }],
  [
    'a policy beside an open route',
    otherRouteAttempts,
    { routes: [route, { ...route, name: 'admin', path: '/admin', readOnly: true, upstream: `${upstream.url}/admin` }] },
    { routes: [route] },
  ],
];

t.test('there are enough attempts', async (t) => {
  const all = groups.flatMap(([, attempts]) => attempts);
  t.ok(all.length >= 60, `${all.length}`);
  for (const [what, attempts] of groups)
    t.equal(new Set(attempts.map(bytesOf)).size, attempts.length, `${what}: none is there twice`);
  t.ok(
    all.filter(({ relaxed }) => relaxed === 'arrive').length >= 60,
    'most can be shown to be refused by a rule alone',
  );
});

for (const [what, attempts, strict, relaxed] of groups) {
  t.test(`${what}: nothing reaches the upstream or the token endpoint`, async (t) => {
    const proxy = await startProxy(upstream.url, { config: strict });
    upstream.seen.length = 0;
    for (const one of attempts) {
      const answer = await rawRequest(proxy.port, bytesOf(one));
      t.ok([400, 403, 405, 421].includes(answer.status), `${one.from}: ${one.line}: ${answer.status}`);
      t.notMatch(answer.head, /access-control-|bearer token/i);
    }
    t.same(upstream.seen, []);
    t.equal(proxy.tokens.count, 0);
    await proxy.stop();
  });

  t.test(`${what}: control: without the rule the same bytes arrive`, async (t) => {
    const proxy = await startProxy(upstream.url, { config: relaxed });
    for (const one of attempts) {
      upstream.seen.length = 0;
      const answer = await rawRequest(proxy.port, bytesOf(one));
      t.equal(upstream.seen.length, one.relaxed === 'arrive' ? 1 : 0, `${one.from}: ${one.line}: ${answer.status}`);
      if (one.relaxed === 'answered') t.equal(answer.status, 204);
      if (one.relaxed === 'arrive') t.match(upstream.seen, [{ headers: { authorization: 'Bearer token1' } }]);
    }
    await proxy.stop();
  });
}

t.test('the admin listener: no token request by a page or a foreign name; control: by its own', async (t) => {
  const proxy = await startProxy(upstream.url);
  const port = Number(new URL(proxy.adminUrl).port);
  const refresh = (...fields: readonly string[]) =>
    rawRequest(port, bytesOf({ from: '', line: 'POST /api/credentials/test/refresh', fields, relaxed: 'arrive' }));
  const json = 'Content-Type: application/json';
  const attempts: readonly (readonly string[])[] = [
    ['Host: evil.example', json, 'Content-Length: 0'],
    ['Origin: https://evil.example', json, 'Content-Length: 0'],
    ['Origin: null', json, 'Content-Length: 0'],
    ['Origin: http://localhost:3000', json, 'Content-Length: 0'],
    ['Sec-Fetch-Site: same-site', json, 'Content-Length: 0'],
    ['Content-Type: text/plain', 'Content-Length: 0'],
    ['Content-Type: text/plain; application/json', 'Content-Length: 0'],
    ['Content-Length: 0'],
  ];
  for (const fields of attempts) t.ok((await refresh(...fields)).status >= 400, fields.join(', '));
  for (const fields of [['Host: evil.example'], ['Origin: https://evil.example'], ['Sec-Fetch-Site: cross-site']]) {
    for (const path of ['/metrics', '/api/status', '/']) {
      const answer = await rawRequest(port, bytesOf({ from: '', line: `GET ${path}`, fields, relaxed: 'arrive' }));
      t.ok([403, 421].includes(answer.status), `${path} ${fields.join()}: ${answer.status}`);
    }
  }
  t.equal(proxy.tokens.count, 0);
  t.equal((await refresh(json, 'Content-Length: 0')).status, 200);
  t.equal(proxy.tokens.count, 1);
  await proxy.stop();
});
