import type { ServerResponse } from 'node:http';
import t from 'tap';
import { request } from 'undici';
import { clientCredentials } from '../../src/provider/client-credentials.ts';
import { TokenRequestError } from '../../src/token/provider.ts';
import { make, startEndpoint } from '../provider/support.ts';
import { isProblem, read } from '../support/problem.ts';
import { CountingProvider, defaultRoute, startProxy } from '../support/proxy.ts';
import { eventually, sleep } from '../support/tcp.ts';
import { startUpstream } from '../support/upstream.ts';

// Each case is one in which undici-oidc-interceptor under http-proxy was seen to fail (stack traps, "Prior art to beat").

const json = (response: ServerResponse, value: object) =>
  response.setHeader('content-type', 'application/json').end(JSON.stringify(value));

/** A proxy whose credential is the real provider before a token endpoint. */
function withEndpoint(upstream: string, tokenEndpoint: string, more: Readonly<Record<string, unknown>> = {}) {
  const options = { tokenEndpoint, clientId: 'id', clientSecret: 'a long enough secret', ...more };
  const create = () => make(clientCredentials, options);
  return startProxy(upstream, {
    config: { credentials: [{ name: 'test', kind: 'client-credentials', fingerprint: 'test', create }] },
  });
}

t.test('POST + 401: refreshed and repeated with its body, no 500', async (t) => {
  let n = 0;
  const idp = await startEndpoint(t, (response) => {
    n += 1;
    json(response, { access_token: `tok-${n}`, token_type: 'Bearer', expires_in: 3600 });
  });
  const upstream = await startUpstream((seen, response) => {
    if (seen.headers.authorization === 'Bearer tok-1') response.writeHead(401).end('{"errorCode":"expiredToken"}');
    else response.end(seen.body);
  });
  const proxy = await withEndpoint(upstream.url, idp.url);
  t.match(await read(await request(proxy.url, { method: 'POST', body: 'the body' })), {
    status: 200,
    text: 'the body',
  });
  t.equal(idp.seen.length, 2);
  await proxy.stop();
  await upstream.close();
});

t.test('a token that is revoked before it expires is replaced, not replayed', async (t) => {
  let n = 0;
  let revoked = false;
  const idp = await startEndpoint(t, (response) => {
    n += 1;
    json(response, { access_token: `tok-${n}`, token_type: 'Bearer', expires_in: 3600 });
  });
  const upstream = await startUpstream((seen, response) => {
    const { authorization } = seen.headers;
    if (revoked && authorization === 'Bearer tok-1') response.writeHead(401).end('{"errorCode":"invalidToken"}');
    else response.end(authorization);
  });
  const proxy = await withEndpoint(upstream.url, idp.url);
  t.match(await read(await request(proxy.url)), { text: 'Bearer tok-1' });
  revoked = true;
  t.match(await read(await request(proxy.url)), { status: 200, text: 'Bearer tok-2' });
  t.match(await read(await request(proxy.url)), { status: 200, text: 'Bearer tok-2' });
  t.equal(idp.seen.length, 2);
  await proxy.stop();
  await upstream.close();
});

t.test("the upstream's own 401 is not lost", async (t) => {
  const idp = await startEndpoint(t);
  const body = '{"userMessage":"User lacks view permission"}';
  const upstream = await startUpstream((_seen, response) => response.writeHead(401, { 'x-a': 'b' }).end(body));
  const proxy = await withEndpoint(upstream.url, idp.url);
  t.match(await read(await request(proxy.url)), { status: 401, text: body, headers: { 'x-a': 'b' } });
  t.equal(upstream.seen.length, 1);
  await proxy.stop();
  await upstream.close();
});

t.test('opaque tokens work', async (t) => {
  const idp = await startEndpoint(t, (response) => json(response, { access_token: '00Dxx!AQEA', expires_in: 3600 }));
  const upstream = await startUpstream((seen, response) => response.end(seen.headers.authorization));
  const proxy = await withEndpoint(upstream.url, idp.url);
  t.match(await read(await request(proxy.url)), { status: 200, text: 'Bearer 00Dxx!AQEA' });
  await proxy.stop();
  await upstream.close();
});

t.test('HTML from the identity provider is a clear 503, no JSON SyntaxError', async (t) => {
  const idp = await startEndpoint(t, (response) =>
    response.setHeader('content-type', 'text/html').end('<html>Sign in</html>'),
  );
  const upstream = await startUpstream();
  const proxy = await withEndpoint(upstream.url, idp.url);
  const answer = await read(await request(proxy.url));
  const expected = { status: 503, code: 'BEARERD_TOKEN_UNAVAILABLE', proxyStatus: 'proxy_internal_error' };
  isProblem(t, answer, expected, 'HTML');
  t.match(JSON.parse(answer.text).detail, /HTML|not JSON|no JSON/i);
  t.notMatch(answer.text, /SyntaxError|Unexpected token/);
  t.equal(upstream.seen.length, 0);
  await proxy.stop();
  await upstream.close();
});

t.test('two scopes asked for at once get a token each', async (t) => {
  const idp = await startEndpoint(t, (response) => {
    const scope = new URLSearchParams(idp.last().body).get('scope');
    setTimeout(() => json(response, { access_token: `for-${scope}`, expires_in: 3600 }), 30);
  });
  const upstream = await startUpstream((seen, response) => response.end(seen.headers.authorization));
  const credential = (scope: string) => ({
    name: scope,
    kind: 'client-credentials',
    fingerprint: scope,
    create: () => make(clientCredentials, { tokenEndpoint: idp.url, clientId: 'id', clientSecret: 'secret', scope }),
  });
  const route = (scope: string) => ({
    ...defaultRoute,
    name: scope,
    path: `/${scope}`,
    credential: scope,
    upstream: upstream.url,
  });
  const proxy = await startProxy(upstream.url, {
    config: { routes: [route('a'), route('b')], credentials: [credential('a'), credential('b')] },
  });
  const texts = await Promise.all(
    ['a', 'b', 'a', 'b'].map(async (scope) => (await read(await request(`${proxy.url}/${scope}`))).text),
  );
  t.same(texts, ['Bearer for-a', 'Bearer for-b', 'Bearer for-a', 'Bearer for-b']);
  t.equal(idp.seen.length, 2);
  await proxy.stop();
  await upstream.close();
});

t.test(
  'a refresh in the background that fails is no unhandled rejection, and the old token goes on (S07)',
  async (t) => {
    const unhandled: unknown[] = [];
    const listener = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', listener);
    let passedMs = 0;
    const clock = { nowMs: () => Date.now() + passedMs, monotonicMs: () => performance.now() + passedMs };
    const tokens = new CountingProvider();
    tokens.answer = async (n) => {
      if (n > 1) throw new TokenRequestError('connection refused', { kind: 'transient', reason: 'unreachable' });
      return { lifetimeMs: 300_000 };
    };
    const upstream = await startUpstream((seen, response) => response.end(seen.headers.authorization));
    const proxy = await startProxy(upstream.url, { provider: tokens, deps: { clock } });
    await read(await request(proxy.url));
    passedMs = 270_000;
    for (let i = 0; i < 3; i += 1)
      t.match(await read(await request(proxy.url)), { status: 200, text: 'Bearer token1' });
    await eventually(() => tokens.count > 1, 'the refresh was tried');
    await sleep(20);
    t.same(unhandled, []);
    t.match(await read(await request(proxy.url)), { status: 200 });
    process.off('unhandledRejection', listener);
    await proxy.stop();
    await upstream.close();
  },
);

t.test('an answer without expires_in is not one token request per request', async (t) => {
  const idp = await startEndpoint(t, (response) => json(response, { access_token: 'tok', token_type: 'Bearer' }));
  const upstream = await startUpstream();
  const proxy = await withEndpoint(upstream.url, idp.url);
  for (let i = 0; i < 10; i += 1) t.equal((await read(await request(proxy.url))).status, 200);
  t.equal(idp.seen.length, 1);
  await proxy.stop();
  await upstream.close();
});
