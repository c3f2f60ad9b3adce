import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { request } from 'undici';
import { pageFiles } from '../../src/admin/page-files.ts';
import { read } from '../support/problem.ts';
import { CountingProvider, startProxy } from '../support/proxy.ts';
import { rawRequest } from '../support/raw-http.ts';
import { startUpstream } from '../support/upstream.ts';

const body401 = '{"errorCode":"expiredToken","userMessage":"no"}';
const canary = 'canary-71c3aa0b';

const section = (content: object) => Buffer.from(JSON.stringify(content)).toString('base64url');
const jwt = (n: number) => `${section({ alg: 'RS256' })}.${section({ sub: `user-${n}` })}.c2lnbmF0dXJlLWNhbmFyeS0w`;

t.test('/api/requests and its details: facts, the trail of a 401, claims; no query, body or credential', async (t) => {
  const provider = new CountingProvider();
  provider.answer = async (n) => ({ value: jwt(n) });
  const upstream = await startUpstream((seen, response) => {
    if (seen.headers.authorization === `Bearer ${jwt(1)}` && seen.url.startsWith('/refused'))
      response.writeHead(401).end(body401);
    else response.writeHead(200, { 'set-cookie': canary, 'x-echo': seen.headers.authorization ?? '' }).end(canary);
  });
  const proxy = await startProxy(upstream.url, { provider });
  t.teardown(() => Promise.all([proxy.stop(), upstream.close()]));
  const headers = { cookie: canary, 'x-api-key': canary, authorization: `Bearer ${canary}` };
  await read(await request(`${proxy.url}/x?secret=${canary}`, { headers }));
  await read(await request(`${proxy.url}/refused`, { method: 'POST', body: canary, headers }));
  await rawRequest(proxy.port, 'GET /guard?q HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n');

  const list = await read(await request(`${proxy.adminUrl}/api/requests`));
  const { requests } = JSON.parse(list.text);
  t.match(requests, [
    { method: 'GET', path: '/guard', status: 421, route: null, error: 'BEARERD_HOST_NOT_ALLOWED', upstreamMs: null },
    {
      route: 'api',
      credential: 'test',
      method: 'POST',
      path: '/refused',
      query: false,
      status: 200,
      attempts: 2,
      generation: 2,
      decision: { rule: 'M5', repeated: true, code: 'expiredToken' },
    },
    { path: '/x', query: true, status: 200, attempts: 1, generation: 1, decision: null, error: null },
  ]);
  for (const one of requests) t.equal(typeof one.totalMs, 'number');
  const detail = await read(await request(`${proxy.adminUrl}/api/requests/${requests[1].requestId}`));
  t.match(JSON.parse(detail.text), {
    path: '/refused',
    headers: null,
    token: { jwt: true, principal: { sub: 'user-2' } },
    trail: [
      {
        attempt: 1,
        generation: 1,
        code: 'expiredToken',
        rule: 'M5',
        cache: 'invalidate',
        because: "the token's time is over",
        done: 'asked for a new token, to send the request once more',
      },
    ],
  });
  const refused = await read(await request(`${proxy.adminUrl}/api/requests/${requests[0].requestId}`));
  t.match(JSON.parse(refused.text), { detail: /evil\.example/, action: /allowedHosts/, trail: [], token: null });
  t.equal((await request(`${proxy.adminUrl}/api/requests/none`)).statusCode, 404);
  for (const { text } of [list, detail, refused]) t.notMatch(text, new RegExp(`${canary}|c2lnbmF0dXJl|\\?q`));
  const status = JSON.parse((await read(await request(`${proxy.adminUrl}/api/status`))).text);
  t.match(status.routes, [{ requests: { '2xx': 2 }, repeated: 1 }]);
  t.ok(Date.parse(status.credentials[0].token.refreshAt) > Date.now());
});

t.test(
  'header fields are kept while somebody listens to /api/events, redacted, and the stream ends with the listener',
  async (t) => {
    const upstream = await startUpstream((seen, response) => {
      if (seen.url === '/gone') response.destroy();
      else response.writeHead(200, { 'set-cookie': canary, etag: seen.headers.authorization ?? '' }).end('ok');
    });
    const proxy = await startProxy(upstream.url);
    t.teardown(() => upstream.close());
    const stream = await request(`${proxy.adminUrl}/api/events`);
    t.match(stream.headers, {
      'content-type': /^text\/event-stream/,
      'cache-control': 'no-store',
      'content-security-policy': /default-src 'none'/,
    });
    await read(await request(`${proxy.url}/x`, { headers: { cookie: canary, accept: 'text/html' } }));
    await read(await request(`${proxy.url}/gone`));
    const [gone, fine] = JSON.parse((await read(await request(`${proxy.adminUrl}/api/requests`))).text).requests;
    const detailOf = async (requestId: string) =>
      (await read(await request(`${proxy.adminUrl}/api/requests/${requestId}`))).text;
    const detail = await detailOf(fine.requestId);
    t.match(JSON.parse(detail).headers, {
      request: [
        ['cookie', '‹15 characters, not kept›'],
        ['accept', 'text/html'],
        ['Via', /bearerd/],
        ['Authorization', 'Bearer ‹token 1, not kept›'],
      ],
    });
    t.match(JSON.parse(detail).headers.response.slice(0, 2), [
      ['set-cookie', '‹15 characters, not kept›'],
      ['etag', 'Bearer ‹token›'],
    ]);
    t.notMatch(detail, /canary|token1/);
    t.match(JSON.parse(await detailOf(gone.requestId)), {
      error: 'BEARERD_UPSTREAM_TERMINATED',
      detail: /127\.0\.0\.1/,
      headers: { response: [] },
    });
    let told = '';
    const over = (async () => {
      for await (const chunk of stream.body) told += chunk;
    })().catch(() => {});
    await proxy.stop();
    await over;
    t.match(told, 'event: status');
  },
);

t.test('the page: its files and nothing else, locked up, and only for the listener itself', async (t) => {
  const proxy = await startProxy('http://127.0.0.1:9');
  t.teardown(() => proxy.stop());
  const policy =
    /^default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'$/;
  const types = {
    '/': /^text\/html/,
    '/page.css': /^text\/css/,
    '/page.js': /^text\/javascript/,
    '/icon.svg': /^image\/svg/,
  };
  for (const [path, type] of Object.entries(types)) {
    const answer = await request(`${proxy.adminUrl}${path}`);
    t.equal(answer.statusCode, 200, path);
    t.match(answer.headers, {
      'content-type': type,
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    const text = await answer.body.text();
    t.ok(text.length > 100);
    const foreignOrMarkup = /https?:\/\/(?!127|localhost|www\.w3\.org\/2000\/svg)|innerHTML|insertAdjacentHTML|eval\(/;
    t.notOk(foreignOrMarkup.test(text), path);
    const foreign = { headers: { origin: 'https://evil.example' } };
    t.equal((await read(await request(`${proxy.adminUrl}${path}`, foreign))).status, 403);
  }
  const html = readFileSync('src/admin/page/page.html', 'utf8');
  t.notMatch(html, /<script(?![^>]*src=)|<style|\son\w+=|\sstyle=/, 'nothing inline, which the policy would refuse');
  for (const path of ['/page.ts', '/page.html', '/page/page.js', '/..%2fpage-files.js', '/tsconfig.json']) {
    t.equal((await read(await request(`${proxy.adminUrl}${path}`))).status, 404, path);
  }
  const plain = readdirSync('src/admin/page').filter((name) => !name.endsWith('.ts') && name !== 'tsconfig.json');
  t.same([...plain, 'page.js'].sort(), Object.values(pageFiles).sort(), 'every file is served');
  const events = await rawRequest(
    Number(new URL(proxy.adminUrl).port),
    'GET /api/events HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
  );
  t.equal(events.status, 421);
  t.equal((await request(`${proxy.adminUrl}/api/events`, { method: 'HEAD' })).statusCode, 404);
});

t.test('without an admin listener nothing is kept', async (t) => {
  const upstream = await startUpstream();
  const provider = new CountingProvider();
  const proxy = await startProxy(upstream.url, { provider, config: { admin: 'off' } });
  t.teardown(() => Promise.all([proxy.stop(), upstream.close()]));
  t.equal((await read(await request(proxy.url))).status, 200);
  t.equal(proxy.adminUrl, '');
});
