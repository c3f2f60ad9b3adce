import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { type AdminOptions, buildAdmin } from '../../src/admin/app.ts';
import { EventStreams } from '../../src/admin/event-streams.ts';
import { Exchanges } from '../../src/admin/exchanges.ts';
import { LateServer } from '../../src/admin/late-server.ts';
import type { CredentialStatus, Status } from '../../src/admin/status.ts';
import { TokenHistory } from '../../src/admin/token-history.ts';
import { TokenRequestError } from '../../src/token/provider.ts';
import { rawRequest } from '../support/raw-http.ts';

const silent = () => undefined;

const credential: CredentialStatus = {
  name: 'idp',
  provider: 'client-credentials',
  routes: ['api'],
  insecureSkipVerify: false,
  state: 'ok',
  refreshing: false,
  token: {
    generation: 2,
    obtainedAt: '2026-01-01T00:00:00.000Z',
    expiresAt: null,
    expiresInSeconds: null,
    refreshAt: null,
    findings: [],
  },
  lastRefusal: null,
  lastFailure: null,
};
const status: Status = {
  version: '1.2.3',
  node: '20.20.2',
  startedAt: '2026-01-01T00:00:00.000Z',
  uptimeSeconds: 5,
  state: 'running',
  listeners: [{ url: 'http://127.0.0.1:8080', routes: ['api'] }],
  localKeyField: null,
  admin: 'http://127.0.0.1:8081',
  routes: [
    {
      name: 'api',
      path: '/',
      upstream: 'https://a.example',
      preset: 'none',
      credential: 'idp',
      insecureSkipVerify: false,
      requests: {},
      repeated: 0,
    },
  ],
  credentials: [credential],
  tokenCache: { kind: 'memory', available: true, problem: null },
  configuration: { file: null, inForceSince: '2026-01-01T00:00:00.000Z', lastReload: null },
};

/** Starts an admin listener on a free port; returns a function that sends a request line with header lines to it. */
async function start(t: Test, over: Partial<AdminOptions> = {}) {
  const errors: object[] = [];
  const refused: string[] = [];
  const log = {
    trace: silent,
    debug: silent,
    info: silent,
    warn: silent,
    error: (fields: object) => errors.push(fields),
  };
  const exchanges = new Exchanges();
  const history = new TokenHistory();
  const options: AdminOptions = {
    exchanges,
    history,
    events: new EventStreams({ status: () => status, exchanges, history, nowMs: Date.now }),
    guard: () => ({ allowedHosts: ['localhost', '127.0.0.1'], allowedOrigins: [], ownOrigins: [] }),
    readiness: () => ({ ready: true, status: 200, reasons: [] }),
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4; charset=utf-8', body: 'bearerd_x 1\n' }),
    status: () => status,
    refresh: async () => undefined,
    onRefused: (code) => refused.push(code),
    log,
    ...over,
  };
  const late = new LateServer((server) => buildAdmin(options, server));
  t.teardown(() => late.close());
  await new Promise<void>((resolve) => late.server.listen(0, '127.0.0.1', resolve));
  // A TCP listener's address is never a string.
  const { port } = late.server.address() as AddressInfo;
  const send = (requestLine: string, ...fields: string[]) =>
    rawRequest(port, [requestLine, ...fields, 'Connection: close', '', ''].join('\r\n'));
  return { send, errors, refused };
}

const host = 'Host: localhost:8081';
const unready = { ready: false, status: 503, reasons: ['credential idp has not obtained a token yet'] } as const;

t.test('events behind another answer of the connection are refused: it might never be their turn', async (t) => {
  const { send } = await start(t);
  const both = await send(`GET /livez HTTP/1.1\r\n${host}\r\n\r\nGET /api/events HTTP/1.1`, host);
  t.equal(both.status, 200);
  t.match(both.body, /HTTP\/1\.1 400 [\s\S]*not for a pipelined request/);
});

t.test('a foreign Host is counted, too, where the router cannot read the target', async (t) => {
  const { send, refused } = await start(t);
  t.equal((await send('GET /%ff HTTP/1.1', 'Host: evil')).status, 421);
  t.strictSame(refused, ['BEARERD_HOST_NOT_ALLOWED']);
});

t.test('interface 6: livez, readyz and metrics', async (t) => {
  const { send } = await start(t);
  const live = await send('GET /livez HTTP/1.1', host);
  t.equal(live.status, 200);
  t.match(live.head, /cache-control: no-store/i);
  const ready = await send('GET /readyz HTTP/1.1', host);
  t.equal(ready.status, 200);
  t.strictSame(JSON.parse(ready.body), { ready: true, reasons: [] });
  const metrics = await send('GET /metrics HTTP/1.1', host);
  t.equal(metrics.body, 'bearerd_x 1\n');
  t.match(metrics.head, /content-type: text\/plain; version=0\.0\.4/i);
  t.equal((await send('HEAD /metrics HTTP/1.1', host)).body, '');
});

t.test('interface 6: not ready is 503 with the list of reasons', async (t) => {
  const { send } = await start(t, { readiness: () => unready });
  const answer = await send('GET /readyz HTTP/1.1', host);
  t.equal(answer.status, 503);
  t.strictSame(JSON.parse(answer.body), { ready: false, reasons: unready.reasons });
  t.equal((await send('GET /livez HTTP/1.1', host)).status, 200);
});

t.test('interface 6: any Host gets the bare status of livez and readyz, and nothing else', async (t) => {
  const { send } = await start(t, { readiness: () => unready });
  const pod = 'Host: 10.1.2.3:8081';
  const live = await send('GET /livez?x HTTP/1.1', pod);
  t.match([live.status, live.body], [200, '']);
  const ready = await send('GET /readyz HTTP/1.1', pod);
  t.match([ready.status, ready.body], [503, '']);
  t.equal((await send('HEAD /readyz HTTP/1.1', pod)).status, 503);
  t.equal((await send('GET /metrics HTTP/1.1', pod)).status, 421);
  t.equal((await send('POST /livez HTTP/1.1', pod, 'Content-Length: 0')).status, 421);
});

t.test('threat 2: a web page is refused on the admin listener too', async (t) => {
  const { send } = await start(t);
  t.equal((await send('GET /metrics HTTP/1.1', host, 'Origin: https://evil.example')).status, 403);
  t.equal((await send('GET /livez HTTP/1.1', host, 'Sec-Fetch-Site: cross-site')).status, 403);
  t.equal((await send('TRACE /metrics HTTP/1.1', host)).status, 405);
  t.equal((await send('GET /metrics HTTP/1.1', host, host)).status, 400);
});

t.test('unknown paths and unreadable ones are problems, not pages', async (t) => {
  const { send } = await start(t);
  const nothing = await send('GET /nothing HTTP/1.1', host);
  t.equal(nothing.status, 404);
  t.match(JSON.parse(nothing.body), { code: 'BEARERD_NO_ROUTE', instance: '/nothing' });
  const unreadable = await send('GET /%zz HTTP/1.1', host);
  t.equal(unreadable.status, 400);
  t.match(JSON.parse(unreadable.body), { code: 'BEARERD_REQUEST_MALFORMED' });
  t.equal((await send('GET /%zz HTTP/1.1', 'Host: evil.example')).status, 421, 'the guard comes first');
});

t.test('a failing scrape is a 500 without its reason, which is logged', async (t) => {
  const { send, errors } = await start(t, { metrics: () => Promise.reject(new Error('secret thing')) });
  const answer = await send('GET /metrics HTTP/1.1', host);
  t.equal(answer.status, 500);
  t.notMatch(answer.body, 'secret thing');
  t.equal(errors.length, 1);
});

t.test('interface 6: /api/status', async (t) => {
  const { send } = await start(t);
  const answer = await send('GET /api/status HTTP/1.1', host);
  t.equal(answer.status, 200);
  t.match(answer.head, /content-type: application\/json/i);
  t.strictSame(JSON.parse(answer.body), status);
  t.equal((await send('GET /api/status HTTP/1.1', 'Host: 10.1.2.3')).status, 421);
});

const json = 'Content-Type: application/json';
const refresh = 'POST /api/credentials/idp/refresh HTTP/1.1';

t.test('interface 6: the refresh call answers the new state, whatever its body is', async (t) => {
  const asked: string[] = [];
  const { send } = await start(t, {
    refresh: async (name) => {
      asked.push(name);
      return name === 'a b' ? undefined : credential;
    },
  });
  const answer = await send(refresh, host, json, 'Content-Length: 0');
  t.equal(answer.status, 200);
  t.strictSame(JSON.parse(answer.body), credential);
  t.equal((await send(refresh, host, `${json}; charset=utf-8`)).status, 200, 'no body at all');
  const unknown = await send('POST /api/credentials/a%20b/refresh HTTP/1.1', host, json, 'Content-Length: 0');
  t.equal(unknown.status, 404);
  t.match(JSON.parse(unknown.body), { code: 'BEARERD_NO_ROUTE', detail: 'No route uses a credential named "a b".' });
  t.strictSame(asked, ['idp', 'idp', 'a b']);
});

t.test('threat 2: the refresh call wants application/json and passes the guard', async (t) => {
  let calls = 0;
  const { send, refused } = await start(t, {
    refresh: async () => {
      calls += 1;
      return credential;
    },
  });
  for (const type of ['Content-Type: text/plain', 'Content-Type: application/jsonx', 'X-None: 1']) {
    const answer = await send(refresh, host, type, 'Content-Length: 0');
    t.equal(answer.status, 415, type);
    t.match(JSON.parse(answer.body), { code: 'BEARERD_CONTENT_TYPE' });
  }
  t.equal((await send(refresh, host, json, 'Origin: https://evil.example', 'Content-Length: 0')).status, 403);
  t.equal((await send(refresh, 'Host: evil.example', json, 'Content-Length: 0')).status, 421);
  t.equal((await send('GET /api/credentials/idp/refresh HTTP/1.1', host)).status, 404);
  t.equal(calls, 0);
  t.strictSame(refused, [
    ...Array.from({ length: 3 }, () => 'BEARERD_CONTENT_TYPE'),
    'BEARERD_ORIGIN_NOT_ALLOWED',
    'BEARERD_HOST_NOT_ALLOWED',
  ]);
});

t.test('a refresh that fails is a problem in the words of the token request', async (t) => {
  const { send, errors } = await start(t, {
    refresh: () =>
      Promise.reject(
        new TokenRequestError('The token endpoint says invalid_client', {
          kind: 'permanent',
          reason: 'invalid_client',
        }),
      ),
  });
  const answer = await send(refresh, host, json, 'Content-Length: 0');
  t.equal(answer.status, 502);
  t.match(JSON.parse(answer.body), {
    code: 'BEARERD_TOKEN_REFUSED',
    detail: 'The token endpoint says invalid_client',
    instance: '/api/credentials/idp/refresh',
  });
  t.equal(errors.length, 0);
});
