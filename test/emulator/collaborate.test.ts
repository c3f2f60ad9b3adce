import { readFileSync } from 'node:fs';
import t from 'tap';
import {
  type CollaborateOptions,
  demoCollaborateClient,
  forbiddenRecordingId,
  knownCollaborateId,
  startCollaborate,
} from '../../src/emulator/collaborate.ts';
import { type AnswerBody, decoded, form, read, token } from './hand-made.ts';

const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const { key, secret } = demoCollaborateClient;
const vectors = JSON.parse(readFileSync('test/vectors/vectors.json', 'utf8'));
const header = { alg: 'HS256', typ: 'JWT' };
const nowMs = 1_700_000_000_500;
const now = 1_700_000_000;

async function ask(
  options: CollaborateOptions,
  init: RequestInit,
  query = '',
): Promise<{ status: number; body: AnswerBody }> {
  const collaborate = await startCollaborate({ nowMs: () => nowMs, ...options });
  const response = await fetch(collaborate.tokenEndpoint + query, init);
  const body = await read(response);
  await collaborate.close();
  return { status: response.status, body };
}

const verdicts: Record<string, boolean> = {
  A01: false, // exp is a string of milliseconds
  A04: true,
  A05: false, // exp in milliseconds lies beyond 300 s
  A07: true,
  A08: true,
  A10: true,
  A13: true,
  A14: true,
  A15: true,
  A16: true,
  A18: true,
};
for (const [id, accepted] of Object.entries(verdicts)) {
  const vector = vectors.assertions.find((one: { id: string }) => one.id === id);
  t.test(`${id} is ${accepted ? 'accepted' : 'refused'}: ${vector.title}`, async (t) => {
    const { given, expect } = vector;
    const client =
      given.secret_utf8 === undefined
        ? { key: expect.claims.iss, secret: 'unused', publicKey: vectors.keys.rsa2048.public_spki_pem }
        : { key: expect.claims.iss, secret: given.secret_utf8 };
    const clock = given.now_ms ?? 1_480_457_700_000;
    const { status, body } = await ask(
      { client, nowMs: () => clock },
      form({ grant_type: grantType, assertion: expect.token }),
    );
    t.equal(status, accepted ? 200 : 400, JSON.stringify(body));
  });
}

t.test('A02: the sample with the mistyped signature does not verify', async (t) => {
  const { given } = vectors.assertions.find((one: { id: string }) => one.id === 'A02');
  const client = { key: 'my-collab-rest-key', secret: given.secret_utf8 };
  const { status, body } = await ask(
    { client, nowMs: () => 1_480_457_700_000 },
    form({ grant_type: grantType, assertion: given.token }),
  );
  t.equal(status, 400);
  t.match(body, { errorKey: 'invalid_grant', errorMessage: /signature/ });
});

t.test('the assertion is judged as wire facts 1 and RFC 7523 §3 say', async (t) => {
  const claims = { iss: key, sub: key, exp: now + 240 };
  const signed = (changes: object, by: string = secret, head: object = header): RequestInit =>
    form({ grant_type: grantType, assertion: token(head, { ...claims, ...changes }, by) });
  const good = token(header, claims, secret);
  const basic = { authorization: `Basic ${Buffer.from(`${key}:${secret}`).toString('base64')}` };
  const table: [string, RequestInit, number, string | undefined][] = [
    ['right', signed({}), 200, undefined],
    ['300 s ahead', signed({ exp: now + 300 }), 200, undefined],
    ['with its own Basic', form({ grant_type: grantType, assertion: good }, basic), 200, undefined],
    ['301 s ahead', signed({ exp: now + 301 }), 400, 'invalid_grant'],
    ['past', signed({ exp: now }), 400, 'invalid_grant'],
    [
      'no exp',
      form({ grant_type: grantType, assertion: token(header, { iss: key, sub: key }, secret) }),
      400,
      'invalid_grant',
    ],
    ['exp as a string', signed({ exp: String(now + 240) }), 400, 'invalid_grant'],
    ['another issuer', signed({ iss: 'x' }), 400, 'invalid_grant'],
    ['another subject', signed({ sub: 'x' }), 400, 'invalid_grant'],
    ['another secret', signed({}, 'x'), 400, 'invalid_grant'],
    ['alg none', signed({}, secret, { alg: 'none' }), 400, 'invalid_grant'],
    ['no assertion', form({ grant_type: grantType }), 400, 'invalid_request'],
    ['two assertions', form(`grant_type=${grantType}&assertion=${good}&assertion=${good}`), 400, 'invalid_request'],
    ['no grant type', form({ assertion: good }), 400, 'unsupported_grant_type'],
    [
      'wrong Basic',
      form({ grant_type: grantType, assertion: good }, { authorization: 'Basic eDp5' }),
      401,
      'invalid_client',
    ],
    ['GET', {}, 405, 'method_not_allowed'],
    [
      'JSON',
      { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } },
      415,
      'unsupported_media_type',
    ],
  ];
  for (const [name, init, status, errorKey] of table) {
    const answer = await ask({}, init);
    t.equal(answer.status, status, name);
    t.equal(answer.body.errorKey, errorKey, name);
  }
  const query = `?grant_type=${encodeURIComponent(grantType)}&assertion=${good}`;
  t.equal((await ask({}, form({}), query)).status, 400, 'the query is not looked at');
  t.equal((await ask({ assertionIn: 'query' }, form({}), query)).status, 200, 'unless it is asked for');
});

t.test('an HS256 assertion keyed with the public key is refused (algorithm confusion)', async (t) => {
  const publicKey = vectors.keys.rsa2048.public_spki_pem;
  const assertion = token(header, { iss: key, sub: key, exp: now + 240 }, publicKey);
  const { status } = await ask({ client: { key, secret, publicKey } }, form({ grant_type: grantType, assertion }));
  t.equal(status, 400);
});

t.test('the answer and its token have the members of the vendor sample (wire facts 1.1, 1.3)', async (t) => {
  const collaborate = await startCollaborate();
  t.teardown(collaborate.close);
  t.match(collaborate.tokenEndpoint, /\/collab\/api\/csa\/token$/);
  const init = (): RequestInit =>
    form({
      grant_type: grantType,
      assertion: token(header, { iss: key, sub: key, exp: Math.floor(Date.now() / 1000) + 240 }, secret),
    });
  const answer = await read(await fetch(collaborate.tokenEndpoint, init()));
  t.same(Object.keys(answer), ['access_token', 'expires_in']);
  t.equal(answer.expires_in, 360);
  const { header: head, claims } = decoded(answer.access_token);
  t.same(head, { alg: 'HS256' });
  t.match(claims, { iss: key, sub: key, type: 1, consumer: /^[0-9a-f]{32}$/ });
  t.equal(Number(claims['exp']) - Number(claims['iat']), 360);
  t.not(answer.access_token, (await read(await fetch(collaborate.tokenEndpoint, init()))).access_token);

  const headers = { authorization: `Bearer ${answer.access_token}` };
  const status = async (method: string, path: string): Promise<number> =>
    (await fetch(collaborate.url + path, { method, headers })).status;
  t.equal(await status('GET', '/sessions'), 200);
  t.equal(await status('POST', '/sessions'), 200);
  t.equal(await status('DELETE', `/sessions/${knownCollaborateId}`), 200, 'DELETE answers 200, not 204');
  t.equal(await status('GET', '/sessions/ffff'), 404);
  t.equal(await status('GET', `/recordings/${forbiddenRecordingId}`), 403);
  t.equal(await status('POST', '/recordings'), 405);
  t.equal((await fetch(new URL('/sessions', collaborate.url), { headers })).status, 404, 'outside of the base path');
  await collaborate.faults.apply({ revoke: true });
  t.equal(await status('GET', '/sessions'), 401);
});

t.test('calls without a good token are answered 401 with errorKey', async (t) => {
  let clock = nowMs;
  const collaborate = await startCollaborate({ basePath: '', nowMs: () => clock });
  t.teardown(collaborate.close);
  const assertion = token(header, { iss: key, sub: key, exp: now + 240 }, secret);
  const { access_token } = await read(
    await fetch(collaborate.tokenEndpoint, form({ grant_type: grantType, assertion })),
  );
  const get = (authorization?: string): Promise<Response> =>
    fetch(`${collaborate.url}/sessions`, { headers: authorization === undefined ? {} : { authorization } });
  t.equal((await get(`Bearer ${access_token}`)).status, 200);
  for (const bad of [
    undefined,
    `Basic ${access_token}`,
    'Bearer x',
    `Bearer ${access_token}x`,
    `Bearer ${assertion}`,
  ]) {
    const response = await get(bad);
    t.equal(response.status, 401);
    t.match(await read(response), { errorKey: 'unauthorized', errorMessage: String });
  }
  clock += 360_000;
  t.equal((await get(`Bearer ${access_token}`)).status, 401);
  t.equal(collaborate.stats().expiredTokenRequests, 1);
});
