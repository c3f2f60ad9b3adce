import t from 'tap';
import { request } from 'undici';
import { startHttp2 } from '../support/http2-upstream.ts';
import { startProxy } from '../support/proxy.ts';
import { tlsText } from '../support/test-certificates.ts';
import type { Answer } from '../support/upstream.ts';
import { dial, startWebSocketUpstream } from '../support/websocket.ts';
import { registerSdk, type SeenSpan, spansOf, tracedWorld } from './traced.ts';

const exporter = registerSdk();
t.beforeEach(() => exporter.reset());

const traceId = '0af7651916cd43dd8448eb211c80319c';
const callerId = 'b7ad6b7169203331';
const traceHeaders = {
  traceparent: `00-${traceId}-${callerId}-01`,
  tracestate: 'vendor=opaque,other=x',
  baggage: 'userId=al%69ce , key=1;property',
};

/** Refuses the first token as expired. */
const expiredOnce: Answer = (seen, response) => {
  if (seen.headers.authorization !== 'Bearer token1') return void response.end('taken');
  response.writeHead(401, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ statusCode: 401, errorCode: 'expiredToken' }));
};

/** Waits until a number of spans has ended: the answer is there a moment before the span of its request ends. */
async function ended(count: number): Promise<SeenSpan[]> {
  for (let i = 0; i < 1000 && spansOf(exporter).length < count; i += 1) await new Promise((go) => setTimeout(go, 5));
  return spansOf(exporter);
}

t.test(
  'issue 9, acceptance 4: request, token request, upstream call and retry, each with the right parent',
  async (t) => {
    const { url, upstream, idp, stop } = await tracedWorld(expiredOnce);
    t.teardown(stop);
    const answer = await request(`${url}/rest/2.0/x?name=hush-query`, { headers: traceHeaders });
    t.equal(await answer.body.text(), 'taken');

    const spans = await ended(5);
    const [server, ...children] = spans;
    t.match(server, { kind: 'SERVER', name: 'GET /*', traceId, parent: callerId, failed: false });
    t.match(server?.attributes, {
      'http.request.method': 'GET',
      'http.route': '/*',
      'url.path': '/rest/2.0/x',
      'url.scheme': 'http',
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(url).port),
      'http.response.status_code': 200,
      'bearerd.route': 'collibra',
      'bearerd.rule': /^M/,
    });
    t.strictSame(
      children.map(({ kind, name, traceId, parent, failed, attributes: a }) => ({
        ...{ kind, name, traceId, failed, parent: parent === server?.id },
        ...{ url: a['url.full'], status: a['http.response.status_code'], error: a['error.type'] },
        resends: a['http.request.resend_count'],
      })),
      [
        {
          name: 'POST',
          url: `${idp.url}/oauth2/token`,
          status: 200,
          error: undefined,
          resends: undefined,
          failed: false,
        },
        { name: 'GET', url: `${upstream.url}/rest/2.0/x`, status: 401, error: '401', resends: undefined, failed: true },
        {
          name: 'POST',
          url: `${idp.url}/oauth2/token`,
          status: 200,
          error: undefined,
          resends: undefined,
          failed: false,
        },
        { name: 'GET', url: `${upstream.url}/rest/2.0/x`, status: 200, error: undefined, resends: 1, failed: false },
      ].map(({ name, url, status, error, resends, failed }) => ({
        ...{ kind: 'CLIENT', name, traceId, failed, parent: true },
        ...{ url, status, error, resends },
      })),
    );

    const calls = children.filter(({ name }) => name === 'GET');
    t.strictSame(
      upstream.seen.map(({ rawHeaders }) => traceFields(rawHeaders)),
      calls.map(({ id }) => ({ ...traceHeaders, traceparent: `00-${traceId}-${id}-01` })),
      'each attempt names its own span; the rest is as it came',
    );
    t.strictSame(
      upstream.seen.map(({ headers }) => headers.authorization),
      ['Bearer token1', 'Bearer token2'],
    );
    t.strictSame(
      idp.seen.map(({ rawHeaders }) => traceFields(rawHeaders)),
      [{}, {}],
      'the trace is nothing to the IdP',
    );
    t.notMatch(JSON.stringify(spans), /hush|token[12]|Bearer|my-app|userId/, 'no secret, query or header value');
  },
);

t.test('a request without a trace begins one, and its upstream is told', async (t) => {
  const { url, upstream, stop } = await tracedWorld((_seen, response) => response.end('ok'));
  t.teardown(stop);
  await (await request(url, { method: 'POST', body: 'body' })).body.dump();
  const [server, , call] = await ended(3);
  t.match([server?.kind, server?.parent, call?.name, call?.parent], ['SERVER', undefined, 'POST', server?.id]);
  t.strictSame(traceFields(upstream.seen[0]?.rawHeaders ?? []), {
    traceparent: `00-${server?.traceId}-${call?.id}-01`,
  });
  t.equal(upstream.seen[0]?.body.toString(), 'body');
});

t.test('a token request belongs to the request that caused it; who waits with it has none of its own', async (t) => {
  let give = (): void => {};
  const { url, stop } = await tracedWorld(
    (_seen, response) => response.end('ok'),
    {},
    (_seen, response, count) => {
      give = () => response.end(JSON.stringify({ access_token: `token${count}`, expires_in: 3600 }));
      if (waiting) give();
    },
  );
  t.teardown(stop);
  let waiting = false;
  const both = [request(`${url}/a`), request(`${url}/b`)];
  await new Promise((go) => setTimeout(go, 100));
  waiting = true;
  give();
  for (const one of both) await (await one).body.dump();
  const spans = await ended(5);
  const asked = spans.filter(({ attributes }) => String(attributes['url.full']).endsWith('/oauth2/token'));
  const servers = spans.filter(({ kind }) => kind === 'SERVER').map(({ id }) => id);
  t.equal(asked.length, 1);
  t.ok(servers.includes(asked[0]?.parent ?? ''));
});

t.test('answers of bearerd itself: refused by the guard, no token, no upstream', async (t) => {
  const { url, upstream, stop } = await tracedWorld(
    (_seen, response) => response.end('ok'),
    {},
    (_seen, response) => response.writeHead(503).end(),
  );
  t.teardown(stop);
  const refused = await request(`${url}/x?y=hush`, { headers: { ...traceHeaders, host: 'evil.example' } });
  await refused.body.dump();
  const [guarded] = await ended(1);
  t.match(guarded, { kind: 'SERVER', name: 'GET', traceId, parent: callerId, failed: false });
  t.match(guarded?.attributes, { 'http.response.status_code': 421, 'url.path': '/x' });
  t.equal(guarded?.attributes['http.route'], undefined);

  exporter.reset();
  await (await request(url)).body.dump();
  const [server, token] = await ended(2);
  t.match(server?.attributes, { 'http.response.status_code': 503, 'error.type': 'BEARERD_TOKEN_UNAVAILABLE' });
  t.match(token, { kind: 'CLIENT', parent: server?.id, failed: true, attributes: { 'error.type': '503' } });
  t.equal(upstream.seen.length, 0);
});

t.test('a connection that fails is an error of the call and of the request', async (t) => {
  const { url, stop } = await tracedWorld((_seen, response) => response.destroy());
  t.teardown(stop);
  await (await request(url, { method: 'POST' })).body.dump();
  const [server, , call] = await ended(3);
  t.match(call, { parent: server?.id, failed: true, attributes: { 'error.type': 'BEARERD_UPSTREAM_TERMINATED' } });
  t.match(server, { failed: true, attributes: { 'http.response.status_code': 502 } });
  t.equal(call?.attributes['http.response.status_code'], undefined);
});

t.test('a token endpoint that is not there', async (t) => {
  const world = await tracedWorld((_seen, response) => response.end('ok'));
  await world.idp.close();
  t.teardown(world.stop);
  await (await request(world.url)).body.dump();
  const [server, token] = await ended(2);
  t.match(token, { kind: 'CLIENT', parent: server?.id, failed: true, attributes: { 'error.type': 'unreachable' } });
});

t.test('a route that removes traceparent tells its upstream nothing of the trace', async (t) => {
  const { url, upstream, stop } = await tracedWorld((_seen, response) => response.end('ok'), {
    headers: { remove: ['Traceparent', 'tracestate', 'baggage'] },
  });
  t.teardown(stop);
  await (await request(url, { headers: traceHeaders })).body.dump();
  t.strictSame(traceFields(upstream.seen[0]?.rawHeaders ?? []), {});
});

t.test('over HTTP/2 too each attempt has its span and names it', async (t) => {
  const upstream = await startHttp2((stream, { count }) => {
    const status = count === 1 ? 401 : 200;
    stream.respond({ ':status': status, 'content-type': 'application/json' });
    stream.end(JSON.stringify({ statusCode: status, errorCode: 'expiredToken' }));
  });
  const proxy = await startProxy(upstream.url, { route: { tls: { ca: [tlsText('ca.pem')] }, http2: true } });
  t.teardown(async () => {
    await proxy.stop();
    await upstream.close();
  });
  await (await request(`${proxy.url}/x`, { headers: traceHeaders })).body.dump();
  const [server, first, second] = await ended(3);
  t.match([first?.parent, second?.parent], [server?.id, server?.id]);
  t.match(
    [first, second].map((span) => [
      span?.attributes['http.response.status_code'],
      span?.attributes['http.request.resend_count'],
    ]),
    [
      [401, undefined],
      [200, 1],
    ],
  );
  t.strictSame(
    upstream.seen.map(({ headers }) => headers['traceparent']),
    [first, second].map((span) => `00-${traceId}-${span?.id}-01`),
  );
});

t.test('the span of a WebSocket ends with it; that of its handshake with the 101', async (t) => {
  const upstream = await startWebSocketUpstream(() => {});
  const proxy = await startProxy(upstream.url, { route: { path: '/live' } });
  t.teardown(async () => {
    await proxy.stop();
    await upstream.close();
  });
  const { socket, closed } = await dial(proxy.port, '/live/x');
  const [call] = await ended(1);
  t.match(call, { kind: 'CLIENT', attributes: { 'http.response.status_code': 101 } });
  t.equal(upstream.handshakes[0]?.headers['traceparent'], `00-${call?.traceId}-${call?.id}-01`);
  socket.close();
  await closed;
  const [server] = await ended(2);
  t.match(server, { kind: 'SERVER', name: 'GET /live/*', id: call?.parent, failed: false });
});

t.test('a token that is asked for at the start begins a trace of its own', async (t) => {
  const { stop } = await tracedWorld((_seen, response) => response.end('ok'), { tokens: { eager: true } });
  t.teardown(stop);
  t.match(await ended(1), [{ kind: 'CLIENT', name: 'POST', parent: undefined }]);
});

/** The fields of a trace by their names. */
function traceFields(rawHeaders: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = [rawHeaders[i], rawHeaders[i + 1]];
    if (/^(traceparent|tracestate|baggage)$/i.test(name)) fields[name.toLowerCase()] = value;
  }
  return fields;
}
