import { createHash } from 'node:crypto';
import t from 'tap';
import { type Collibra, demoApplication, startCollibra } from '../../src/emulator/collibra.ts';
import { restrictedAssetId } from '../../src/emulator/collibra-resources.ts';
import { basic, decoded, form, read } from './hand-made.ts';

const grant = { grant_type: 'client_credentials' };
const app = basic(demoApplication.id, demoApplication.secret);
const id = '00000000-0000-0000-0000-00000000abcd';

async function started(t: { teardown: (handler: () => Promise<void>) => void }): Promise<Collibra> {
  const collibra = await startCollibra();
  t.teardown(collibra.close);
  return collibra;
}

async function bearer(collibra: Collibra): Promise<{ authorization: string }> {
  const { access_token } = await read(await fetch(collibra.tokenEndpoint, form(grant, app)));
  return { authorization: `Bearer ${access_token}` };
}

t.test("Collibra's own token endpoint: an id with colons, no scope (wire facts 2.1, R04, T76)", async (t) => {
  const collibra = await started(t);
  const answer = await read(await fetch(collibra.tokenEndpoint, form(grant, app)));
  t.match(answer, { token_type: 'Bearer', expires_in: 3600, scope: undefined });
  t.match(decoded(answer.access_token).claims, { iss: collibra.url, sub: demoApplication.id });
  const post = { ...grant, client_id: demoApplication.id, client_secret: demoApplication.secret };
  t.equal((await fetch(collibra.tokenEndpoint, form(post))).status, 200);
  const raw = {
    authorization: `Basic ${Buffer.from(`${demoApplication.id}:${demoApplication.secret}`).toString('base64')}`,
  };
  t.match(await read(await fetch(collibra.tokenEndpoint, form(grant, raw))), { error: 'invalid_client' });
  const scoped = await fetch(collibra.tokenEndpoint, form({ ...grant, scope: 'kg.view-all' }, app));
  t.equal(scoped.status, 400);
  t.match(await read(scoped), { error: 'invalid_scope' });
});

t.test('a token that names Collibra as issuer is still verified', async (t) => {
  const collibra = await started(t);
  const { authorization } = await bearer(collibra);
  const forged = `${authorization.slice(0, -10)}AAAAAAAAAA`;
  const response = await fetch(`${collibra.url}/rest/2.0/communities`, { headers: { authorization: forged } });
  t.match(await read(response), { errorCode: 'invalidToken' });
});

t.test('the resources', async (t) => {
  const collibra = await started(t);
  const headers = await bearer(collibra);
  const get = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(collibra.url + path, { headers, ...init });
  t.match(await read(await get('/rest/2.0/communities')), { total: 1, results: [{ resourceType: 'Community' }] });
  t.match(await read(await get('/rest/2.0/auth/sessions/current')), { user: { userName: demoApplication.id } });
  t.equal((await get('/rest/2.0/nothing')).status, 404);
  t.equal((await get('/rest/2.0/assets/no-uuid')).status, 404);
  t.equal((await get('/rest/2.0/application/info', { headers: {} })).status, 200, 'needs no authentication (2.5)');
  const without = await get('/rest/2.0/communities', { headers: {} });
  t.equal(without.status, 401);
  t.notHas(await read(without), { errorCode: String });
});

t.test('bodies come back as length and sha256, whatever the method', async (t) => {
  const collibra = await started(t);
  const headers = await bearer(collibra);
  const body = Buffer.alloc(300_000, 'x');
  const expected = { bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') };
  for (const [method, path, status] of [
    ['POST', '/rest/2.0/assets', 201],
    ['PUT', `/rest/2.0/assets/${id}`, 200],
    ['PATCH', `/rest/2.0/assets/${id}`, 200],
    ['POST', '/rest/2.0/import/json-job', 200],
  ] as const) {
    const response = await fetch(collibra.url + path, { method, headers, body });
    t.equal(response.status, status, `${method} ${path}`);
    t.match((await read(response)).received, expected);
    t.match(collibra.stats().recent.at(-1), {
      method,
      path,
      status,
      bodyBytes: body.length,
      bodySha256: expected.sha256,
    });
  }
  t.equal((await fetch(`${collibra.url}/rest/2.0/assets/${id}`, { method: 'DELETE', headers })).status, 204);
  t.equal((await fetch(`${collibra.url}/rest/2.0/assets/${id}`, { method: 'POST', headers })).status, 405);
});

t.test('a missing view permission is a 401 without a token code (wire facts 2.2, U18)', async (t) => {
  const collibra = await started(t);
  const response = await fetch(`${collibra.url}/rest/2.0/assets/${restrictedAssetId}`, {
    headers: await bearer(collibra),
  });
  t.equal(response.status, 401);
  const body = await read(response);
  t.match(body, { statusCode: 401, userMessage: 'User lacks view permission' });
  t.notHas(body, { errorCode: String });
});

t.test('HEAD answers as GET, without a body (U34)', async (t) => {
  const collibra = await started(t);
  const url = `${collibra.url}/rest/2.0/communities`;
  const headers = await bearer(collibra);
  const head = await fetch(url, { method: 'HEAD', headers });
  t.equal(head.status, 200);
  t.equal(head.headers.get('content-length'), (await fetch(url, { headers })).headers.get('content-length'));
  t.equal(await head.text(), '');
  t.equal((await fetch(url, { method: 'HEAD' })).status, 401);
});

t.test('an export is streamed in pieces', async (t) => {
  const collibra = await started(t);
  const url = `${collibra.url}/rest/2.0/outputModule/export/json?rows=250&pauseMs=1`;
  const response = await fetch(url, { method: 'POST', headers: await bearer(collibra), body: '{}' });
  t.equal(response.headers.get('content-length'), null);
  const { view } = await read(response);
  t.equal(view.length, 250);
  t.match(view[249], { row: 249 });
});

t.test('revoke and expire withdraw the tokens so far, not the next one', async (t) => {
  const collibra = await started(t);
  const ask = async (headers: { authorization: string }): Promise<unknown> =>
    (await read(await fetch(`${collibra.url}/rest/2.0/communities`, { headers }))).errorCode;
  const first = await bearer(collibra);
  t.equal(await ask(first), undefined);
  await collibra.faults.apply({ expire: true });
  t.equal(await ask(first), 'expiredToken');
  const second = await bearer(collibra);
  t.equal(await ask(second), undefined, 'a token of the same second is good');
  await collibra.faults.apply({ revoke: true });
  t.equal(await ask(second), 'invalidToken');
  t.equal(await ask(first), 'expiredToken');
  t.equal(await ask(await bearer(collibra)), undefined);
  t.equal(collibra.stats().expiredTokenRequests, 0, 'none was past its own exp');
});

t.test('a token that was never seen is withdrawn too, by its iat', async (t) => {
  let nowMs = 1_700_000_000_000;
  const collibra = await startCollibra({ nowMs: () => nowMs });
  t.teardown(collibra.close);
  const unseen = await bearer(collibra);
  nowMs += 5_000;
  await collibra.faults.apply({ revoke: true });
  const response = await fetch(`${collibra.url}/rest/2.0/communities`, { headers: unseen });
  t.match(await read(response), { errorCode: 'invalidToken' });
});
