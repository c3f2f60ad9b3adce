import { request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { startCollibra } from '../../src/emulator/collibra.ts';
import type { FaultChange } from '../../src/emulator/faults.ts';
import { startIdp } from '../../src/emulator/idp.ts';
import { basic, form, read } from './hand-made.ts';

const ask = (): RequestInit => form({ grant_type: 'client_credentials' }, basic('my-app', 'my-secret'));
const json = { 'content-type': 'application/json' };

t.test('faults are set over HTTP, and end after the number of times asked for', async (t) => {
  const idp = await startIdp();
  t.teardown(idp.close);
  const set = (faults: object): Promise<Response> =>
    fetch(`${idp.url}/__faults`, { method: 'POST', headers: json, body: JSON.stringify(faults) });
  const first = await set({ status: 429, retryAfterSeconds: 7, times: 2 });
  t.same(await read(first), { status: 429, retryAfterSeconds: 7, times: 2 });
  for (const _ of [1, 2]) {
    const limited = await fetch(idp.tokenEndpoint, ask());
    t.equal(limited.status, 429);
    t.equal(limited.headers.get('retry-after'), '7');
  }
  t.equal((await fetch(idp.tokenEndpoint, ask())).status, 200);
  t.same(await read(await fetch(`${idp.url}/__faults`)), {}, 'nothing is left');

  await set({ html: true, status: 502, lifetimeSeconds: 9 });
  const page = await fetch(idp.tokenEndpoint, ask());
  t.equal(page.status, 502);
  t.match(page.headers.get('content-type'), 'text/html');
  t.equal((await fetch(idp.jwksUrl)).status, 200, 'the key set has its own fault');
  await set({ status: null, html: null });
  t.same(idp.faults.current, { lifetimeSeconds: 9 }, 'null takes a setting back');
  await set({ reset: true });
  t.same(idp.faults.current, {});
});

t.test('down closes the connection, jwksDown that of the key set, slow waits', async (t) => {
  const idp = await startIdp();
  t.teardown(idp.close);
  await idp.faults.apply({ down: true });
  await t.rejects(fetch(idp.tokenEndpoint, ask()));
  t.match(idp.stats().recent.at(-1), { path: '/oauth2/token', status: undefined });
  await idp.faults.apply({ down: null, jwksDown: true });
  await t.rejects(fetch(idp.jwksUrl));
  t.equal((await fetch(idp.tokenEndpoint, ask())).status, 200);
  await idp.faults.apply({ slowMs: 60 });
  const before = performance.now();
  t.equal((await fetch(idp.tokenEndpoint, ask())).status, 200);
  t.ok(performance.now() - before >= 55);
});

t.test('a fault can be limited to one place', async (t) => {
  const collibra = await startCollibra();
  t.teardown(collibra.close);
  await collibra.faults.apply({ status: 503, at: 'token' });
  t.equal((await fetch(collibra.tokenEndpoint, form({}))).status, 503);
  t.equal((await fetch(`${collibra.url}/rest/2.0/application/info`)).status, 200);
  await collibra.faults.apply({ at: 'api' });
  t.equal((await fetch(collibra.tokenEndpoint, form({}))).status, 401);
  t.equal((await fetch(`${collibra.url}/rest/2.0/application/info`)).status, 503);
});

t.test('a change with a mistake is refused whole, and every mistake is named', async (t) => {
  const idp = await startIdp();
  t.teardown(idp.close);
  const refused = async (body: string, headers: Record<string, string> = json): Promise<Response> =>
    fetch(`${idp.url}/__faults`, { method: 'POST', headers, body });
  for (const [body, words] of [
    ['{"slow":1,"slowMs":5}', /^slow is no fault of this emulator, which knows reset, rotateKeys, slowMs/],
    ['{"slowMs":-1,"status":"x"}', /slowMs must be a whole number.*; status must be/],
    ['{"rotateKeys":false}', /rotateKeys must be one of true, keep/],
    ['{"revoke":true}', /revoke is no fault of this emulator/],
    ['{"toString":true}', /toString is no fault/],
    ['{"reset":false}', /reset must be true/],
    ['[]', /write a JSON object/],
    ['{', /JSON/],
  ] as const) {
    const response = await refused(body);
    t.equal(response.status, 400, body);
    t.match((await read(response)).error, words);
  }
  t.equal((await refused('{"down":true}', { 'content-type': 'text/plain' })).status, 415, 'what a web page can send');
  t.same(idp.faults.current, {});
  // JSON can hold what the type forbids.
  await t.rejects(idp.faults.apply({ at: 'nowhere' } as unknown as FaultChange), /at must be one of token, api/);
});

t.test('refuse answers 401 with the code asked for, encoding compresses the body', async (t) => {
  const idp = await startIdp();
  const collibra = await startCollibra({ jwksUrl: idp.jwksUrl });
  t.teardown(async () => {
    await collibra.close();
    await idp.close();
  });
  const { access_token } = await read(await fetch(idp.tokenEndpoint, ask()));
  const url = `${collibra.url}/rest/2.0/communities`;
  const headers = { authorization: `Bearer ${access_token}` };
  for (const encoding of ['gzip', 'br', 'deflate'] as const) {
    await collibra.faults.apply({ reset: true, refuse: 'expiredToken', encoding, times: 1 });
    const refused = await fetch(url, { headers });
    t.equal(refused.status, 401);
    t.equal(refused.headers.get('content-encoding'), encoding);
    t.match(await read(refused), { errorCode: 'expiredToken' });
    t.equal((await fetch(url, { headers })).status, 200);
  }
  await collibra.faults.apply({ refuse: 'x', encoding: 'gzip' });
  const raw = await new Promise<Buffer>((resolve, reject) => {
    request(url, { headers }, async (response) => resolve(Buffer.concat(await response.toArray())))
      .on('error', reject)
      .end();
  });
  t.match(JSON.parse(gunzipSync(raw).toString('utf8')), { errorCode: 'x' });
});

t.test('the counters tell how many requests were in flight', async (t) => {
  const idp = await startIdp();
  t.teardown(idp.close);
  await idp.faults.apply({ slowMs: 400 });
  await Promise.all(Array.from({ length: 5 }, () => fetch(idp.tokenEndpoint, ask())));
  await idp.faults.apply({ reset: true });
  await fetch(idp.tokenEndpoint, form({ grant_type: 'x' }, basic('my-app', 'my-secret')));
  await fetch(idp.jwksUrl);
  const stats = await read(await fetch(`${idp.url}/__stats`));
  t.match(stats, { requests: 7, tokenRequests: 6, inFlight: 0, maxInFlight: 5, maxTokenRequestsInFlight: 5 });
  t.same(stats.errorCodes, { unsupported_grant_type: 1 });
  t.match(stats.recent.at(-1), { method: 'GET', path: '/jwks.json', status: 200 });
});

t.test('a key set that is gone makes the API unable to process tokens; rotated keys make it refuse them', async (t) => {
  const idp = await startIdp();
  const collibra = await startCollibra({ jwksUrl: idp.jwksUrl, issuer: idp.issuer, audience: 'collibra' });
  t.teardown(async () => {
    await collibra.close();
    await idp.close();
  });
  const { access_token } = await read(await fetch(idp.tokenEndpoint, ask()));
  const code = async (): Promise<unknown> => {
    const headers = { authorization: `Bearer ${access_token}` };
    return (await read(await fetch(`${collibra.url}/rest/2.0/communities`, { headers }))).errorCode;
  };
  t.equal(await code(), undefined);
  await idp.faults.apply({ jwksDown: true });
  t.equal(await code(), 'unableToProcessToken');
  await idp.faults.apply({ jwksDown: null });
  t.equal(await code(), undefined);
  await idp.faults.apply({ rotateKeys: 'keep' });
  t.equal(await code(), undefined);
  await idp.faults.apply({ rotateKeys: true });
  t.equal(await code(), 'invalidToken');
});

t.test('an emulator listens on loopback, and says when a port is taken', async (t) => {
  const idp = await startIdp();
  t.teardown(idp.close);
  t.match(idp.url, /^http:\/\/127\.0\.0\.1:\d+$/);
  await t.rejects(startIdp({ port: Number(new URL(idp.url).port) }), { code: 'EADDRINUSE' });
});
