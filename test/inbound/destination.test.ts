import t from 'tap';
import { startProxy } from '../support/proxy.ts';
import { rawRequest } from '../support/raw-http.ts';
import { startTcp } from '../support/tcp.ts';
import { startUpstream } from '../support/upstream.ts';

// Issue 7: the token goes to the configured origin only (threats 10 and 14; undici GHSA-8qr4-xgw6-wmr3, reply-from
// GHSA-v574-6498-x57v and GHSA-qmw8-3v4g-gwj4). THIRD is the authority of somebody else, who must never be called.

/** Request targets that name another place, or try to become one when they are joined with the upstream's URL. */
const targets: readonly string[] = [
  'http://THIRD/x',
  'https://THIRD/x',
  'http://localhost@THIRD/x',
  'http://localhost:80@THIRD/x',
  'http://THIRD#@localhost/x',
  'http://THIRD\\@localhost/x',
  'ws://THIRD/x',
  '//THIRD/x',
  '///THIRD/x',
  '/\\THIRD/x',
  '\\\\THIRD\\x',
  '@THIRD/x',
  ':80@THIRD/x',
  '.THIRD/x',
  'THIRD/x',
  '?@THIRD/x',
  '#@THIRD/x',
  '/@THIRD/x',
  '/api//THIRD/x',
  '/api/\\THIRD/x',
  '/api@THIRD/x',
  '/api:80@THIRD/x',
  '/api.THIRD/x',
  '/api/http://THIRD/x',
  '/api/%2f%2fTHIRD/x',
  '/api/%5cTHIRD/x',
  '/api/..//THIRD/x',
  '/api/?url=http://THIRD/x',
  '/api/\tTHIRD',
  '*',
];

/** Field lines that other programs take the destination from. */
const fields: readonly string[] = [
  'Host: THIRD',
  'Host: localhost@THIRD',
  'Host: THIRD@localhost',
  'Host: localhost:80@THIRD',
  'Host: localhost, THIRD',
  'Host: localhost\r\nHost: THIRD',
  'Host: localhost\r\nX-Forwarded-Host: THIRD\r\nX-Forwarded-Proto: https',
  'Host: localhost\r\nForwarded: host=THIRD;proto=http',
  'Host: localhost\r\nX-Original-URL: http://THIRD/x\r\nX-Rewrite-URL: http://THIRD/x',
  'Host: localhost\r\nX-Host: THIRD\r\nX-Forwarded-Server: THIRD',
  'Host: localhost\r\nX-Forwarded-Uri: http://THIRD/x\r\nX-Envoy-Original-Dst-Host: THIRD',
  'Host: localhost\r\nProxy: http://THIRD\r\nProxy-Connection: keep-alive',
  'Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eHh4eHh4eHh4eHh4eHh4eA==\r\nSec-WebSocket-Version: 13',
];

t.test('no request says where the token goes', async (t) => {
  const third = await startTcp((socket) => socket.end());
  const upstream = await startUpstream();
  const roots = ['', '/base'];
  const proxies = await Promise.all(
    roots.flatMap((base) =>
      ['/', '/api'].map((path) => startProxy(`${upstream.url}${base}`, { route: { path, websocket: true } })),
    ),
  );
  const authority = `127.0.0.1:${third.port}`;
  const heads = [
    ...targets.flatMap((target) =>
      ['GET', 'POST', 'OPTIONS'].map((method) => [`${method} ${target}`, 'Host: localhost']),
    ),
    ...targets.map((target) => [
      `GET ${target}`,
      'Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eHh4eHh4eHh4eHh4eHh4eA==\r\nSec-WebSocket-Version: 13',
    ]),
    ...fields.map((lines) => ['GET /api/x', lines]),
    ['CONNECT THIRD', 'Host: THIRD'],
    ['CONNECT THIRD', 'Host: localhost'],
    ['GET http://localhost/api/x', 'Host: THIRD'],
  ].map(([line, lines]) => `${line} HTTP/1.1\r\n${lines}\r\nContent-Length: 0\r\n`.replaceAll('THIRD', authority));
  for (const head of heads) {
    await Promise.all(
      proxies.map(({ port }) =>
        rawRequest(port, head.includes('Upgrade: ') ? `${head}\r\n` : `${head}Connection: close\r\n\r\n`),
      ),
    );
  }
  t.equal(third.connections, 0, `${heads.length * proxies.length} requests, none to somebody else`);
  t.ok(upstream.seen.length > 100, `${upstream.seen.length} of them reached the upstream, by the right name`);
  for (const { headers, url } of upstream.seen) {
    if (headers.host !== `127.0.0.1:${upstream.port}`) t.fail(`${url} went out with Host ${headers.host}`);
  }
  await Promise.all([...proxies.map(({ stop }) => stop()), third.close(), upstream.close()]);
});

t.test('a redirect is handed on, never followed', async (t) => {
  const third = await startTcp((socket) => socket.end());
  const places = [
    `${third.url}/x`,
    `//127.0.0.1:${third.port}/x`,
    `http://me:pw@127.0.0.1:${third.port}/x`,
    '/loop',
    'x',
  ];
  const cases = [301, 302, 303, 307, 308, 300, 304, 305, 201].flatMap((status) =>
    places.map((place) => ({ status, place })),
  );
  const upstream = await startUpstream(({ url }, response) => {
    const { status, place } = cases[Number(url.slice(1))] ?? { status: 200, place: '' };
    response.writeHead(status, { Location: place }).end();
  });
  const proxy = await startProxy(upstream.url);
  for (const [index, { status, place }] of cases.entries()) {
    for (const method of ['GET', 'POST']) {
      const answer = await fetch(`${proxy.url}/${index}`, { method, redirect: 'manual' });
      t.equal(answer.status, status, `${method} ${status} to ${place}`);
      t.equal(answer.headers.get('location'), place, 'as it came');
    }
  }
  t.equal(upstream.seen.length, cases.length * 2, 'one call each');
  t.equal(third.connections, 0);
  await Promise.all([proxy.stop(), third.close(), upstream.close()]);
});
