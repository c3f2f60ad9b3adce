import t from 'tap';
import { request } from 'undici';
import type { RouteConfig } from '../../src/config/config.ts';
import { TokenRequestError } from '../../src/token/provider.ts';
import { isProblem, read } from '../support/problem.ts';
import { CountingProvider, defaultRoute, type ProxyOptions, startProxy } from '../support/proxy.ts';
import { eventually, onHead, RawClient, startTcp } from '../support/tcp.ts';
import { type Seen, startUpstream } from '../support/upstream.ts';

const body401 = (code: string) => JSON.stringify({ statusCode: 401, errorCode: code, userMessage: 'no' });
const tokenOf = ({ headers }: Seen) => headers.authorization?.replace('Bearer ', '');

/** A proxy before an upstream that refuses some tokens with a code. */
async function refusing(code: string, refused: (token: string | undefined) => boolean, options: ProxyOptions = {}) {
  const upstream = await startUpstream((seen, response) => {
    if (refused(tokenOf(seen))) response.writeHead(401, { 'x-from': 'upstream' }).end(body401(code));
    else response.end(`accepted ${tokenOf(seen)}`);
  });
  const proxy = await startProxy(upstream.url, options);
  const close = async () => {
    await proxy.stop();
    await upstream.close();
  };
  return { upstream, proxy, close };
}

function provider(answer: CountingProvider['answer']): CountingProvider {
  const counting = new CountingProvider();
  counting.answer = answer;
  return counting;
}

t.test('S01: cold start, 20 concurrent requests: one token request', async (t) => {
  const { upstream, proxy, close } = await refusing('x', () => false);
  const statuses = await Promise.all(
    Array.from({ length: 20 }, async () => (await read(await request(proxy.url))).status),
  );
  t.same(new Set(statuses), new Set([200]));
  t.equal(proxy.tokens.count, 1);
  t.equal(upstream.seen.length, 20);
  await close();
});

t.test('S02: ten requests refused at once cost one refresh', async (t) => {
  const waiting: (() => void)[] = [];
  const upstream = await startUpstream((seen, response) => {
    if (seen.url === '/warm' || tokenOf(seen) !== 'token1') response.end(`accepted ${tokenOf(seen)}`);
    else waiting.push(() => response.writeHead(401).end(body401('expiredToken')));
  });
  const proxy = await startProxy(upstream.url);
  await read(await request(`${proxy.url}/warm`));
  const answers = Array.from({ length: 10 }, async () => (await read(await request(proxy.url))).status);
  await eventually(() => waiting.length === 10, 'all ten are upstream with token1');
  for (const refuse of waiting) refuse();
  t.same(
    await Promise.all(answers),
    Array.from({ length: 10 }, () => 200),
  );
  t.equal(proxy.tokens.count, 2, 'the cold start and one refresh');
  t.equal(upstream.seen.length, 21);
  await proxy.stop();
  await upstream.close();
});

t.test(
  'S03, M4: a slow request gets its 401 after the newer token is there: repeated with that one, no token request',
  async (t) => {
    let answerSlow: () => void = () => {};
    const upstream = await startUpstream((seen, response) => {
      const refuse = () => response.writeHead(401).end(body401('expiredToken'));
      if (tokenOf(seen) !== 'token1') response.end(`accepted ${tokenOf(seen)}`);
      else if (seen.url === '/slow') answerSlow = refuse;
      else refuse();
    });
    const proxy = await startProxy(upstream.url);
    const slow = request(`${proxy.url}/slow`);
    await eventually(() => upstream.seen.length === 1, 'A is upstream');
    t.match(await read(await request(`${proxy.url}/fast`)), { status: 200, text: 'accepted token2' });
    answerSlow();
    t.match(await read(await slow), { status: 200, text: 'accepted token2' });
    t.equal(proxy.tokens.count, 2, 'one refresh');
    t.equal(upstream.seen.length, 4);
    t.match(await read(await request(`${proxy.url}/after`)), { text: 'accepted token2' }, 'token2 was not invalidated');
    t.equal(proxy.tokens.count, 2);
    await proxy.stop();
    const lines = proxy.output.records().filter(({ event }) => event === 'request');
    t.match(
      lines.find(({ path }) => path === '/slow'),
      { rule: 'M4', attempts: 2, generation: 2, status: 200 },
    );
    await upstream.close();
  },
);

t.test('M4 with a body that cannot be repeated: 503, and the newer token stays', async (t) => {
  let answerSlow: () => void = () => {};
  const upstream = await startUpstream((seen, response) => {
    const refuse = () => response.writeHead(401).end(body401('expiredToken'));
    if (tokenOf(seen) !== 'token1') response.end(`accepted ${tokenOf(seen)}`);
    else if (seen.url === '/slow') answerSlow = refuse;
    else refuse();
  });
  const proxy = await startProxy(upstream.url, { route: { replay: { maxBody: 4 } } });
  const slow = request(`${proxy.url}/slow`, { method: 'POST', body: 'too long' });
  await eventually(() => upstream.seen.length === 1, 'A is upstream');
  await read(await request(`${proxy.url}/fast`));
  answerSlow();
  const expected = { status: 503, code: 'BEARERD_BODY_NOT_REPLAYABLE', proxyStatus: 'proxy_internal_error' };
  isProblem(t, await read(await slow), expected, 'M4');
  t.match(await read(await request(proxy.url)), { text: 'accepted token2' });
  t.equal(proxy.tokens.count, 2);
  await proxy.stop();
  await upstream.close();
});

t.test('a request that a dead connection has taken its second attempt from is not sent a third time', async (t) => {
  let seen = 0;
  const heads: string[] = [];
  const upstream = await startTcp((socket) =>
    onHead(socket, (head, nth) => {
      heads.push(head);
      seen += 1;
      const refuses = /Bearer token1(?:\r|$)/.test(head) && seen > 1;
      const [status, body] = refuses ? ['401 X', body401('expiredToken')] : ['200 OK', 'accepted'];
      // the second request of the first connection meets its end
      if (nth === 2 && seen === 2) socket.destroy();
      else socket.write(`HTTP/1.1 ${status}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    }),
  );
  const proxy = await startProxy(upstream.url);
  t.match(await read(await request(`${proxy.url}/first`)), { text: 'accepted' });
  const answer = await read(await request(`${proxy.url}/second`));
  const expected = { status: 503, code: 'BEARERD_BODY_NOT_REPLAYABLE', proxyStatus: 'proxy_internal_error' };
  isProblem(t, answer, expected, 'sent twice');
  t.equal(answer.headers['retry-after'], '1');
  t.equal(heads.filter((head) => head.startsWith('GET /second ')).length, 2);
  t.match(await read(await request(`${proxy.url}/third`)), { text: 'accepted' }, 'the next one has the new token');
  await proxy.stop();
  await upstream.close();
});

t.test('S04, M2b: expiredToken for every token: two upstream calls, one refresh, an explanation', async (t) => {
  const { upstream, proxy, close } = await refusing('expiredToken', () => true);
  const answer = await read(await request(proxy.url));
  const expected = { status: 502, code: 'BEARERD_TOKEN_EXPIRED', proxyStatus: 'proxy_configuration_error' };
  isProblem(t, answer, expected, 'S04');
  t.match(String(answer.headers['proxy-status']), 'received-status=401');
  t.match(JSON.parse(answer.text), { upstreamStatus: 401, upstreamErrorCode: 'expiredToken', token: {} });
  t.equal(answer.headers['x-from'], undefined, 'S17: nothing of the upstream answer');
  t.equal(answer.headers['www-authenticate'], undefined);
  t.equal(upstream.seen.length, 2);
  t.equal(proxy.tokens.count, 2);
  isProblem(t, await read(await request(proxy.url)), expected, 'M6b inside the cooldown');
  t.equal(upstream.seen.length, 3, 'once');
  t.equal(proxy.tokens.count, 2, 'no refresh inside the cooldown');
  await close();
});

t.test('S09: the caller that started the refresh leaves; the others get its result', async (t) => {
  let release: () => void = () => {};
  const tokens = provider(async (n) => {
    if (n === 1) await new Promise<void>((resolve) => (release = resolve));
    return {};
  });
  const { upstream, proxy, close } = await refusing('x', () => false, { provider: tokens });
  const first = new RawClient(proxy.port);
  first.write('GET /first HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await eventually(() => tokens.count === 1, 'the token request is under way');
  const others = [request(`${proxy.url}/a`), request(`${proxy.url}/b`)];
  first.socket.destroy();
  await eventually(() => proxy.output.text.includes('"aborted":true') || true, 'gone');
  await new Promise((resolve) => setTimeout(resolve, 30));
  release();
  for (const other of others) t.equal((await read(await other)).status, 200);
  t.equal(tokens.count, 1);
  t.same(upstream.seen.map(({ url }) => url).sort(), ['/a', '/b'], 'nothing is sent for the one who left');
  await close();
});

t.test('S10, M17: the refresh brings the very same token: not repeated, explained, no storm', async (t) => {
  let refuse = false;
  const tokens = provider(async () => ({ value: 'always-the-same' }));
  const { upstream, proxy, close } = await refusing('expiredToken', () => refuse, { provider: tokens });
  await read(await request(proxy.url));
  refuse = true;
  const answer = await read(await request(proxy.url));
  t.equal(answer.status, 502);
  t.match(JSON.parse(answer.text), { upstreamErrorCode: 'expiredToken' });
  t.equal(upstream.seen.length, 2, 'the warm one and one');
  t.equal(tokens.count, 2, 'one refresh');
  for (let i = 0; i < 5; i += 1) t.equal((await read(await request(proxy.url))).status, 502);
  t.equal(tokens.count, 2, 'none inside the cooldown');
  t.equal(upstream.seen.length, 7);
  await close();
});

t.test(
  'M15: the refresh fails for now: 503 with Retry-After, and the next request asks again when it may',
  async (t) => {
    const tokens = provider(async (n) => {
      if (n === 2)
        throw new TokenRequestError('the identity provider is down', {
          kind: 'transient',
          reason: 'http_503',
          retryAfterMs: 3_000,
        });
      return {};
    });
    const { upstream, proxy, close } = await refusing('expiredToken', (token) => token === 'token1', {
      provider: tokens,
    });
    const answer = await read(await request(proxy.url));
    isProblem(
      t,
      answer,
      { status: 503, code: 'BEARERD_TOKEN_UNAVAILABLE', proxyStatus: 'proxy_internal_error' },
      'M15',
    );
    t.match(answer.text, /the identity provider is down/i);
    t.match(answer.headers['retry-after'], /^[1-4]$/);
    t.match(JSON.parse(answer.text), { upstreamStatus: 401, upstreamErrorCode: 'expiredToken' });
    t.equal(upstream.seen.length, 1);
    t.equal((await read(await request(proxy.url))).status, 503, 'nothing goes upstream without a usable token');
    t.equal(upstream.seen.length, 1);
    await close();
    const line = proxy.output.records().find(({ event }) => event === 'request');
    t.match(line, { rule: 'M15', status: 503, error: 'BEARERD_TOKEN_UNAVAILABLE', code: 'expiredToken' });
  },
);

t.test('M16: the refresh fails for good: 502', async (t) => {
  const tokens = provider(async (n) => {
    if (n > 1)
      throw new TokenRequestError('invalid_client: the secret is wrong', {
        kind: 'permanent',
        reason: 'invalid_client',
      });
    return {};
  });
  const { upstream, proxy, close } = await refusing('expiredToken', () => true, { provider: tokens });
  const answer = await read(await request(proxy.url));
  isProblem(t, answer, { status: 502, code: 'BEARERD_TOKEN_REFUSED', proxyStatus: 'proxy_configuration_error' }, 'M16');
  t.match(answer.text, /invalid_client/i);
  t.equal(upstream.seen.length, 1);
  await close();
});

t.test("M13 with M15, M16, M17: for a 401 without a code all three end in the upstream's own 401", async (t) => {
  const fail = (kind: 'transient' | 'permanent') => async (n: number) => {
    if (n > 1) throw new TokenRequestError('no', { kind, reason: 'x' });
    return {};
  };
  for (const answer of [fail('transient'), fail('permanent'), async () => ({ value: 'same' })]) {
    const tokens = provider(answer);
    const { upstream, proxy, close } = await refusing('somethingElse', () => true, {
      provider: tokens,
      route: { preset: 'none' },
    });
    const got = await read(await request(proxy.url));
    t.match(got, { status: 401, text: body401('somethingElse'), headers: { 'x-from': 'upstream' } });
    t.equal(upstream.seen.length, 1);
    t.equal(tokens.count, 2);
    await close();
  }
});

t.test('S08: no token to begin with: nothing goes upstream, the failure is shared and remembered', async (t) => {
  for (const { kind, status, code, proxyStatus } of [
    { kind: 'permanent', status: 502, code: 'BEARERD_TOKEN_REFUSED', proxyStatus: 'proxy_configuration_error' },
    { kind: 'transient', status: 503, code: 'BEARERD_TOKEN_UNAVAILABLE', proxyStatus: 'proxy_internal_error' },
  ] as const) {
    const tokens = provider(async () => {
      throw new TokenRequestError('invalid_client', { kind, reason: 'invalid_client' });
    });
    const { upstream, proxy, close } = await refusing('x', () => false, { provider: tokens });
    const answers = await Promise.all(Array.from({ length: 10 }, async () => read(await request(proxy.url))));
    for (const answer of answers) isProblem(t, answer, { status, code, proxyStatus }, kind);
    t.equal(upstream.seen.length, 0);
    t.equal(tokens.count, 1);
    await close();
  }
});

t.test(
  'S14: two routes with two credentials: each upstream sees its own token only; one refresh leaves the other alone',
  async (t) => {
    const collibra = await startUpstream((seen, response) => {
      if (tokenOf(seen) === 'c1') response.writeHead(401).end(body401('expiredToken'));
      else response.end(tokenOf(seen));
    });
    const collaborate = await startUpstream((seen, response) => response.end(tokenOf(seen)));
    const [c, b] = [provider(async (n) => ({ value: `c${n}` })), provider(async (n) => ({ value: `b${n}` }))];
    const route = (name: string, upstream: string): RouteConfig => ({
      ...defaultRoute,
      name,
      path: `/${name}`,
      upstream,
      credential: name,
    });
    const proxy = await startProxy(collibra.url, {
      config: {
        routes: [route('c', collibra.url), { ...route('b', collaborate.url), preset: 'collaborate' }],
        credentials: [
          { name: 'c', kind: 'counting', fingerprint: 'c', create: () => c },
          { name: 'b', kind: 'counting', fingerprint: 'b', create: () => b },
        ],
      },
    });
    t.match(await read(await request(`${proxy.url}/b/x`)), { status: 200, text: 'b1' });
    t.match(await read(await request(`${proxy.url}/c/x`)), { status: 200, text: 'c2' });
    t.match(await read(await request(`${proxy.url}/b/x`)), { status: 200, text: 'b1' });
    t.equal(b.count, 1, 'the other credential stays cached');
    t.same(new Set(collibra.seen.map(tokenOf)), new Set(['c1', 'c2']));
    t.same(new Set(collaborate.seen.map(tokenOf)), new Set(['b1']));
    await proxy.stop();
    await collibra.close();
    await collaborate.close();
  },
);

t.test('M6 then M6b: an unhelpful refresh after a request that could not be repeated', async (t) => {
  const { upstream, proxy, close } = await refusing('expiredToken', () => true, { route: { replay: { maxBody: 2 } } });
  const post = async () => read(await request(proxy.url, { method: 'POST', body: 'long' }));
  const notReplayable = { status: 503, code: 'BEARERD_BODY_NOT_REPLAYABLE', proxyStatus: 'proxy_internal_error' };
  isProblem(t, await post(), notReplayable, 'M6');
  await eventually(() => proxy.tokens.count === 2, 'the refresh for the next caller runs without it');
  const second = await post();
  isProblem(t, second, { status: 502, code: 'BEARERD_TOKEN_EXPIRED', proxyStatus: 'proxy_configuration_error' }, 'M6b');
  t.equal(second.headers['retry-after'], undefined, 'it must not be sent again and again');
  t.equal(upstream.seen.length, 2);
  t.equal(proxy.tokens.count, 2);
  await close();
});

t.test("on401: passthrough: refresh and repeat, then the upstream's own 401", async (t) => {
  const route = { on401: 'passthrough' } as const;
  for (const { code, calls, tokens } of [
    { code: 'expiredToken', calls: 2, tokens: 2 },
    { code: 'malformedToken', calls: 1, tokens: 1 },
    { code: 'invalidToken', calls: 1, tokens: 1 },
  ]) {
    const { upstream, proxy, close } = await refusing(code, () => true, { route });
    const answer = await read(await request(proxy.url));
    t.match(answer, { status: 401, text: body401(code), headers: { 'x-from': 'upstream' } }, code);
    t.equal(answer.headers['proxy-status'], undefined, `${code}: nothing is added`);
    t.equal(upstream.seen.length, calls, code);
    t.equal(proxy.tokens.count, tokens, code);
    await close();
  }
  const { upstream, proxy, close } = await refusing('expiredToken', (token) => token === 'token1', {
    route: { ...route, replay: { maxBody: 1 } },
  });
  const answer = await read(await request(proxy.url, { method: 'POST', body: 'long' }));
  t.match(answer, { status: 401, text: body401('expiredToken') }, 'not replayable');
  await eventually(() => proxy.tokens.count === 2, 'and the token is refreshed for the next caller');
  t.equal((await read(await request(proxy.url))).status, 200);
  t.equal(upstream.seen.length, 2);
  await close();
});

t.test("the user's own rules come first: retry, fail, pass", async (t) => {
  const challenge = [
    { status: 401, code: 'tokenRevoked', do: 'retry' },
    { status: 401, code: 'noSuchClient', do: 'fail' },
    { status: 401, code: 'expiredToken', do: 'pass' },
  ] as const;
  const retried = await refusing('TOKENREVOKED', (token) => token === 'token1', { route: { challenge } });
  t.match(await read(await request(retried.proxy.url)), { status: 200, text: 'accepted token2' });
  await retried.close();
  const failed = await refusing('noSuchClient', () => true, { route: { challenge } });
  const answer = await read(await request(failed.proxy.url));
  t.equal(answer.status, 502);
  t.match(JSON.parse(answer.text), { upstreamErrorCode: 'noSuchClient', upstreamStatus: 401 });
  t.equal(failed.proxy.tokens.count, 1);
  await failed.close();
  const passed = await refusing('expiredToken', () => true, { route: { challenge } });
  t.match(await read(await request(passed.proxy.url)), { status: 401, text: body401('expiredToken') });
  t.equal(passed.proxy.tokens.count, 1);
  t.equal(passed.upstream.seen.length, 1);
  await passed.close();
});

t.test('M7, M3: the Bearer challenge alone decides where there is no code', async (t) => {
  for (const { error, status, calls } of [
    { error: 'invalid_token', status: 200, calls: 2 },
    { error: 'insufficient_scope', status: 401, calls: 1 },
    { error: 'invalid_request', status: 401, calls: 1 },
  ]) {
    const upstream = await startUpstream((seen, response) => {
      if (tokenOf(seen) === 'token1')
        response.writeHead(401, { 'www-authenticate': `Bearer realm="x", error="${error}"` }).end();
      else response.end();
    });
    const proxy = await startProxy(upstream.url, { route: { preset: 'none' } });
    t.equal((await read(await request(proxy.url))).status, status, error);
    t.equal(upstream.seen.length, calls, error);
    await proxy.stop();
    await upstream.close();
  }
});

t.test('M0: no other status costs a refresh or a repeat', async (t) => {
  for (const status of [400, 403, 407, 408, 429, 500, 503]) {
    const upstream = await startUpstream((_seen, response) =>
      response.writeHead(status, { 'retry-after': '9' }).end(body401('expiredToken')),
    );
    const proxy = await startProxy(upstream.url);
    t.match(await read(await request(proxy.url)), {
      status,
      text: body401('expiredToken'),
      headers: { 'retry-after': '9' },
    });
    t.equal(upstream.seen.length, 1);
    t.equal(proxy.tokens.count, 1);
    await proxy.stop();
    await upstream.close();
  }
});
