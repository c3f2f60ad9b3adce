import t from 'tap';
import { createTokenSource, TokenRequestError } from '../../src/index.ts';
import { startEndpoint } from '../provider/support.ts';
import { MemoryStream } from '../support/memory-stream.ts';

const client = { clientId: 'id', clientSecret: 'library-s3cret-value' };

t.test('one token request for many callers, another one after a rejection', async (t) => {
  let count = 0;
  const endpoint = await startEndpoint(t, (response) => {
    count += 1;
    response.end(JSON.stringify({ access_token: `tok-${count}`, expires_in: 600 }));
  });
  const logStream = new MemoryStream();
  const tokens = await createTokenSource({ ...client, tokenEndpoint: endpoint.url }, { logStream });
  t.equal(endpoint.seen.length, 0, 'nothing is asked for before');
  const all = await Promise.all(Array.from({ length: 10 }, () => tokens.getToken()));
  t.equal(endpoint.seen.length, 1);
  const [first] = all;
  if (first === undefined) throw new Error('no token');
  t.match(first, { value: 'tok-1', authorization: 'Bearer tok-1', generation: 1 });
  t.ok(Math.abs((first.expiresAtMs ?? 0) - Date.now() - 600_000) < 10_000);
  tokens.reject(first);
  const second = await tokens.getToken();
  t.equal(second.value, 'tok-2');
  tokens.reject(first);
  tokens.reject({ ...second });
  t.equal((await tokens.getToken()).value, 'tok-2', 'only the current one that was handed out here can be rejected');
  t.match(tokens.snapshot(), { generation: 2, usable: true, everObtained: true });
  await tokens.close();
  t.equal((await tokens.getToken()).value, 'tok-2');
  t.match(logStream.text, 'token_obtained');
  t.notMatch(logStream.text, /tok-1|library-s3cret/);
});

t.test('failures are TokenRequestErrors and remembered', async (t) => {
  const endpoint = await startEndpoint(t, (response) => response.writeHead(401).end('{"error":"invalid_client"}'));
  const tokens = await createTokenSource({ ...client, tokenEndpoint: endpoint.url });
  for (let i = 0; i < 3; i++) {
    const error = await tokens.getToken().catch((failure: unknown) => failure);
    t.ok(error instanceof TokenRequestError);
    t.match(error, { code: 'BEARERD_TOKEN_REFUSED', failure: { kind: 'permanent', reason: 'invalid_client' } });
  }
  t.equal(endpoint.seen.length, 1);
  await tokens.close();
});

t.test('subjects', async (t) => {
  const endpoint = await startEndpoint(t, (response) => {
    const subject = new URLSearchParams(endpoint.last().body).get('subject_token');
    response.end(JSON.stringify({ access_token: `for-${subject}-${endpoint.seen.length}`, expires_in: 600 }));
  });
  const tokens = await createTokenSource({
    ...client,
    provider: 'token-exchange',
    tokenEndpoint: endpoint.url,
    subjectToken: { header: 'X-Subject' },
  });
  const [a, b] = [await tokens.getToken({ subject: 'a' }), await tokens.getToken({ subject: 'b' })];
  t.same([a.value, b.value], ['for-a-1', 'for-b-2']);
  t.equal((await tokens.getToken({ subject: 'a' })).value, 'for-a-1');
  tokens.reject(a);
  t.equal((await tokens.getToken({ subject: 'a' })).value, 'for-a-3');
  t.equal((await tokens.getToken({ subject: 'b' })).value, 'for-b-2');
  await t.rejects(tokens.getToken(), { message: /gets tokens for subjects, and none was given/ });
  await tokens.close();
  await t.rejects(tokens.getToken({ subject: 'c' }), { message: /bearerd is stopping/ });
});

t.test('the environment only where it is handed over; the upstream for collaborate; mistakes', async (t) => {
  const endpoint = await startEndpoint(t);
  const collaborate = { provider: 'collaborate', key: 'k', secret: { env: 'COLLAB_SECRET' } };
  const env = { COLLAB_SECRET: 'collab-s3cret-value-0123456789-0123456789' };
  const tokens = await createTokenSource(collaborate, { upstream: endpoint.origin, env });
  t.equal((await tokens.getToken()).value, 'tok-1');
  t.equal(endpoint.last().target, '/token');
  await tokens.close();
  await t.rejects(createTokenSource(collaborate, { upstream: endpoint.origin }), {
    message: /COLLAB_SECRET is not set/,
  });
  await t.rejects(createTokenSource(collaborate, { env }), { message: /tokenEndpoint: is missing/ });
  await t.rejects(createTokenSource({ provider: 'static' }), { message: /^configuration: token: is missing/ });
});
