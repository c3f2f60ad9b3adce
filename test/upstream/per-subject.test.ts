import { createHash } from 'node:crypto';
import t, { type Test } from 'tap';
import { request } from 'undici';
import { tokenExchange } from '../../src/provider/token-exchange.ts';
import { make, startEndpoint, testContext } from '../provider/support.ts';
import { startProxy } from '../support/proxy.ts';
import { startUpstream } from '../support/upstream.ts';

const tokenOf = (subject: string) => `tok-${createHash('sha256').update(subject).digest('hex').slice(0, 12)}`;

/** A proxy whose callers bring their subject tokens, and an identity provider that exchanges them. */
async function exchanging(t: Test, header: string, route: object = {}, lifetimeSeconds = 3600) {
  const endpoint = await startEndpoint(t, (response) => {
    const subject = new URLSearchParams(endpoint.last().body).get('subject_token') ?? '';
    if (subject === 'revoked') response.writeHead(400).end('{"error":"invalid_grant"}');
    else
      response.end(
        JSON.stringify({ access_token: tokenOf(subject), expires_in: lifetimeSeconds, token_type: 'Bearer' }),
      );
  });
  const upstream = await startUpstream();
  const provider = make(
    tokenExchange,
    { tokenEndpoint: endpoint.url, clientId: 'id', clientSecret: 's3cret-value', subjectToken: { header } },
    testContext(),
  );
  const credentials = [{ name: 'test', kind: 'token-exchange', fingerprint: 'x', create: () => provider }];
  const proxy = await startProxy(upstream.url, {
    config: { credentials, tokens: { eager: true, cache: { kind: 'memory' } } },
    route,
  });
  t.teardown(() => Promise.all([proxy.stop(), upstream.close()]));
  const get = (headers: Record<string, string | string[]>) => request(`${proxy.url}/x`, { headers });
  return { endpoint, upstream, proxy, get };
}

t.test('each caller goes upstream with the token of its own subject, and the header stays here', async (t) => {
  const { endpoint, upstream, get } = await exchanging(t, 'X-Subject');
  for (const subject of ['alice', 'bob', 'alice']) {
    const { statusCode, body } = await get({ 'x-SUBJECT': subject, 'X-Other': 'stays' });
    t.equal(statusCode, 200);
    await body.dump();
    const headers: Record<string, unknown> = { ...upstream.seen.at(-1)?.headers };
    t.equal(headers['authorization'], `Bearer ${tokenOf(subject)}`);
    t.notOk('x-subject' in headers);
    t.equal(headers['x-other'], 'stays');
  }
  t.equal(endpoint.seen.length, 2, 'one token request per subject');
});

t.test("a caller's own Authorization as the subject token", async (t) => {
  const { upstream, endpoint, get } = await exchanging(t, 'Authorization');
  t.equal((await get({ authorization: 'bearer  user-token' })).statusCode, 200);
  t.equal(new URLSearchParams(endpoint.last().body).get('subject_token'), 'user-token');
  t.equal(upstream.seen[0]?.headers.authorization, `Bearer ${tokenOf('user-token')}`);
});

t.test('no subject, two of them, or something else: 403, never a 401, and nobody is asked', async (t) => {
  const { upstream, endpoint, proxy, get } = await exchanging(t, 'X-Subject');
  const cases: [Record<string, string | string[]>, RegExp][] = [
    [{}, /has no x-subject header, which says for whom the token is/],
    [{ 'x-subject': '' }, /has no x-subject header/],
    [{ 'x-subject': ['a', 'b'] }, /has 2 x-subject headers/],
    [{ 'x-subject': 'Bearer abc' }, /no token/],
    [{ 'x-subject': 'a\u00e9' }, /no token/],
  ];
  for (const [headers, detail] of cases) {
    const { statusCode, body, headers: fields } = await get(headers);
    t.equal(statusCode, 403);
    t.notOk('www-authenticate' in fields);
    t.match(await body.json(), { code: 'BEARERD_SUBJECT_TOKEN', status: 403, detail, retryable: false });
  }
  t.equal(upstream.seen.length, 0);
  t.equal(endpoint.seen.length, 0);
  t.notMatch(proxy.output.text, 'abc');
});

t.test('a subject that is refused is a 502 with what to do, and nobody else has anything of it', async (t) => {
  const { upstream, endpoint, get } = await exchanging(t, 'X-Subject');
  for (let i = 0; i < 3; i++) {
    const { statusCode, body } = await get({ 'x-subject': 'revoked' });
    t.equal(statusCode, 502);
    t.match(await body.json(), { code: 'BEARERD_TOKEN_REFUSED', action: /subject token in the header X-Subject/ });
  }
  t.equal(endpoint.seen.length, 1, 'the failure is remembered');
  t.equal((await get({ 'x-subject': 'alice' })).statusCode, 200);
  t.equal(upstream.seen.length, 1);
});

t.test('readiness and metrics leave per-subject credentials out; nothing is asked for at the start', async (t) => {
  const { endpoint, proxy, get } = await exchanging(t, 'X-Subject');
  const ready = async () => (await request(`${proxy.adminUrl}/readyz`)).statusCode;
  t.equal(await ready(), 200);
  await get({ 'x-subject': 'revoked' });
  t.equal(await ready(), 200);
  t.equal(endpoint.seen.length, 1);
});

t.test(
  'under authorization: keep a caller with an Authorization of its own needs no subject, and its header stays here too',
  async (t) => {
    const { upstream, get } = await exchanging(t, 'X-Subject', { authorization: 'keep' });
    t.equal((await get({ authorization: 'Bearer own', 'x-subject': 'secret-subject' })).statusCode, 200);
    t.equal(upstream.seen[0]?.headers.authorization, 'Bearer own');
    t.notOk('x-subject' in (upstream.seen[0]?.headers ?? {}));
  },
);

t.test('acceptance 5: 1,000 subjects under load: one token request per subject', async (t) => {
  const { endpoint, proxy, upstream, get } = await exchanging(t, 'X-Subject');
  const subjects = Array.from({ length: 1000 }, (_, i) => `subject-${i}`);
  const queue = [...subjects, ...subjects.toReversed()];
  const worker = async () => {
    for (let subject = queue.pop(); subject !== undefined; subject = queue.pop()) {
      const { statusCode, body } = await get({ 'x-subject': subject });
      await body.dump();
      if (statusCode !== 200) t.fail(`${subject}: ${statusCode}`);
    }
  };
  await Promise.all(Array.from({ length: 32 }, worker));
  t.equal(upstream.seen.length, 2000);
  t.equal(endpoint.seen.length, 1000);
  const wrong = upstream.seen.filter(({ headers }) => !headers.authorization?.startsWith('Bearer tok-'));
  t.equal(wrong.length, 0);
  const sent = new Set(upstream.seen.map(({ headers }) => headers.authorization));
  t.same(sent, new Set(subjects.map((subject) => `Bearer ${tokenOf(subject)}`)));
  await proxy.stop();
  t.notMatch(proxy.output.text, 'subject-9');
});
