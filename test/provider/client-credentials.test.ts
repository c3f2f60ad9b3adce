import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { clientCredentials } from '../../src/provider/client-credentials.ts';
import { configure, make, obtain, refused, startEndpoint, testContext } from './support.ts';
import { byId, vectors } from './vectors.ts';

const secret = 'p&q=r+s %ü"<1>';

function written(url: string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { tokenEndpoint: url, clientId: 'id', clientSecret: secret, ...more };
}

function pairs(body: string): [string, string][] {
  return [...new URLSearchParams(body)];
}

const requests = vectors.token_requests.filter(
  ({ kind, given }) => kind === 'token_request' && given.grant === 'client_credentials',
);
t.equal(requests.length, 4, 'R08, R09, R11 and R14');
for (const { id, title, given, expect } of requests) {
  t.test(`${id}: ${title}`, async (t) => {
    const endpoint = await startEndpoint(t);
    const path = given.token_url === undefined ? '/token' : given.token_url.slice('https://idp.test'.length);
    const provider = make(clientCredentials, {
      tokenEndpoint: `${endpoint.origin}${path}`,
      clientId: given.client_id,
      clientSecret: given.client_secret,
      clientAuthentication: given.auth,
      ...(given.resource === undefined ? {} : { resource: given.resource }),
    });
    const token = await obtain(provider);
    t.equal(token.value, 'tok-1');
    t.equal(token.lifetimeMs, 60_000);
    const { method, target, headers, body } = endpoint.last();
    t.equal(method, 'POST');
    t.equal(target, expect.request_target ?? '/token');
    t.equal(headers['content-type'], expect.content_type);
    t.same(pairs(body).sort(), [...(expect.body_pairs_unordered ?? [])].sort());
    t.equal(body, expect.example_body);
    for (const name of expect.no_header ?? []) t.notOk(name in headers, `no ${name}`);
    for (const name of expect.header_present ?? []) t.ok(name in headers, name);
    for (const name of expect.absent_params ?? []) t.notOk(new URLSearchParams(body).has(name), `no ${name}`);
    t.equal(headers.accept, 'application/json');
  });
}

t.test('R15: a fragment in the token URL is a configuration error', async (t) => {
  const { problems } = configure(clientCredentials, written(byId(vectors.token_requests, 'R15').given.token_url ?? ''));
  t.match(problems.join(), /tokenEndpoint: has a fragment/);
});

t.test('R10: scope, audience and further parameters and headers', async (t) => {
  const endpoint = await startEndpoint(t);
  const options = written(endpoint.url, {
    clientAuthentication: 'none',
    clientSecret: undefined,
    scope: 'a b',
    audience: 'https://api',
    parameters: { tenant: 'acme', constructor: 'x' },
    headers: { 'X-Tenant': 'acme', 'User-Agent': 'custom' },
  });
  delete options['clientSecret'];
  await obtain(make(clientCredentials, options));
  const { body, headers } = endpoint.last();
  t.equal(
    body,
    'grant_type=client_credentials&client_id=id&scope=a+b&audience=https%3A%2F%2Fapi&tenant=acme&constructor=x',
  );
  t.equal(headers['x-tenant'], 'acme');
  t.equal(headers['user-agent'], 'custom');
  t.notOk('authorization' in headers);
});

t.test('RFC 6749 §3.2: a parameter without a value is omitted', async (t) => {
  const endpoint = await startEndpoint(t);
  await obtain(make(clientCredentials, written(endpoint.url, { scope: [], resource: [] })));
  t.equal(endpoint.last().body, 'grant_type=client_credentials');
});

t.test('RFC 6749 §3.2: no parameter twice', async (t) => {
  for (const name of ['grant_type', 'client_id', 'client_secret', 'scope', 'audience', 'resource']) {
    const { problems } = configure(clientCredentials, written('https://idp.test/', { parameters: { [name]: 'x' } }));
    t.match(problems.join(), new RegExp(`parameters\\.${name}: would be sent twice`), name);
  }
});

t.test('header fields that belong to the request itself are configuration errors', async (t) => {
  for (const name of ['Authorization', 'Host', 'content-length', 'Transfer-Encoding', 'a b']) {
    const { problems } = configure(clientCredentials, written('https://idp.test/', { headers: { [name]: 'x' } }));
    t.equal(problems.length, 1, name);
  }
  const { problems } = configure(clientCredentials, written('https://idp.test/', { headers: { A: 'x\r\nB: y' } }));
  t.match(problems.join(), /characters that cannot be in a header/);
});

t.test('the secret is read at every token request', async (t) => {
  const endpoint = await startEndpoint(t);
  const path = join(t.testdir(), 'secret');
  writeFileSync(path, 'first-secret\n');
  const provider = make(
    clientCredentials,
    written(endpoint.url, { clientAuthentication: 'client_secret_post', clientSecret: { file: path } }),
  );
  await obtain(provider);
  writeFileSync(path, 'second-secret\n');
  await obtain(provider);
  t.same(
    endpoint.seen.map(({ body }) => new URLSearchParams(body).get('client_secret')),
    ['first-secret', 'second-secret'],
  );
});

t.test('a secret that cannot be read asks nobody and names its source', async (t) => {
  const endpoint = await startEndpoint(t);
  const path = join(t.testdir({ secret: 'abcdef' }), 'secret');
  const provider = make(clientCredentials, written(endpoint.url, { clientSecret: { file: path } }));
  writeFileSync(path, '');
  const error = await refused(provider);
  t.equal(error.failure.reason, 'secret_unreadable');
  t.equal(error.failure.kind, 'transient');
  t.ok(error.message.includes(`The file ${path} is empty.`), error.message);
  t.equal(endpoint.seen.length, 0);
});

t.test('wire facts 4.9: an echoed secret does not come out, in whatever spelling', async (t) => {
  const basic = Buffer.from(`id:p%26q%3Dr%2Bs+%25%C3%BC%22%3C1%3E`).toString('base64');
  const echo = [secret, 'p%26q%3Dr%2Bs+%25%C3%BC%22%3C1%3E', Buffer.from(secret).toString('base64'), basic];
  const endpoint = await startEndpoint(t, (response) => {
    response.writeHead(401, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: 'invalid_client', error_description: `wrong: ${echo.join(' | ')}` }));
  });
  const context = testContext();
  const error = await refused(make(clientCredentials, written(endpoint.url), context));
  const shown = `${error.message} ${error.stack} ${JSON.stringify(error)} ${JSON.stringify(context.lines)}`;
  for (const text of echo) t.notOk(shown.includes(text), text);
  t.equal(
    error.message,
    `POST ${endpoint.url} answered 401 invalid_client: "wrong: ${Array(3).fill('‹secret› | ').join('')}‹credential›".`,
  );
});

t.test('wire facts 4.9: nor does a secret that a page of HTML echoes', async (t) => {
  const echo = 'p&amp;q=r+s %ü&quot;&lt;1&gt;';
  const endpoint = await startEndpoint(t, (response) => {
    response.writeHead(400, { 'content-type': 'text/html' }).end(`<p>bad secret ${echo}</p>`);
  });
  const { message } = await refused(make(clientCredentials, written(endpoint.url)));
  t.match(message, 'the body is HTML: "bad secret ‹secret›".');
});

const refusals: readonly (readonly [string, Readonly<Record<string, unknown>>, RegExp])[] = [
  ['invalid_client', {}, /basicEncoding: raw or clientAuthentication: client_secret_post/],
  ['invalid_client', { basicEncoding: 'raw' }, /basicEncoding: form/],
  ['invalid_client', { clientAuthentication: 'client_secret_post' }, /client_secret_basic/],
  ['invalid_client', { clientAuthentication: 'none' }, /may want a clientSecret/],
  ['invalid_scope', { scope: 'x' }, /Correct or remove the credential's scope/],
  ['invalid_scope', {}, /Set the credential's scope/],
  ['unauthorized_client', {}, /Allow the client_credentials grant/],
  ['invalid_target', {}, /resource or audience/],
  ['access_denied', {}, /^$/],
];
for (const [code, more, expected] of refusals) {
  t.test(`the next step after ${code} with ${JSON.stringify(more)}`, async (t) => {
    const endpoint = await startEndpoint(t, (response) => response.writeHead(400).end(JSON.stringify({ error: code })));
    const error = await refused(make(clientCredentials, written(endpoint.url, more)));
    t.equal(error.failure.reason, code);
    t.match(error.occurrence.action ?? '', expected);
    t.equal(error.code, 'BEARERD_TOKEN_REFUSED');
  });
}

t.test('U08: an opaque token for an API that wants JWTs is told at once', async (t) => {
  const endpoint = await startEndpoint(t);
  const context = testContext({ wantsJwt: true });
  await obtain(make(clientCredentials, written(endpoint.url), context));
  t.match(context.lines, [
    { level: 'warn', fields: { event: 'token_not_a_jwt', sections: 1 }, message: /malformedToken/ },
  ]);
  t.notMatch(JSON.stringify(context.lines), 'tok-1');
  const silent = testContext({ wantsJwt: false });
  await obtain(make(clientCredentials, written(endpoint.url), silent));
  t.same(silent.lines, []);
});

const e = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

t.test('T41: a clock that is ahead is told, and a JWT causes no other warning', async (t) => {
  const token = `${e({ alg: 'RS256' })}.${e({ exp: 1 })}.c2ln`;
  const endpoint = await startEndpoint(t, (response) =>
    response.end(JSON.stringify({ access_token: token, expires_in: 60 })),
  );
  const context = testContext({ wantsJwt: true });
  t.equal((await obtain(make(clientCredentials, written(endpoint.url), context))).lifetimeMs, 60_000);
  t.match(context.lines, [{ level: 'warn', fields: { event: 'token_clock_ahead' } }]);
  t.notMatch(JSON.stringify(context.lines), token);
});

const lints: readonly (readonly [Readonly<Record<string, unknown>>, string, string])[] = [
  [{ tokenEndpoint: 'http://idp.example.com/token' }, 'tokenEndpoint', 'error'],
  [{ tokenEndpoint: 'http://127.0.0.1.evil.example/token' }, 'tokenEndpoint', 'error'],
  [{ defaultLifetime: '2h', maxLifetime: '1h' }, 'defaultLifetime', 'warning'],
  [{ clientAuthentication: 'none' }, 'clientSecret', 'warning'],
  [{ basicEncoding: 'raw', clientId: 'urn:x' }, 'basicEncoding', 'warning'],
];
for (const [more, path, severity] of lints) {
  t.test(`lint: ${JSON.stringify(more)}`, async (t) => {
    const { lints } = configure(clientCredentials, written('https://idp.test/token', more));
    t.match(lints, [{ path, severity }]);
    t.equal(lints.length, 1);
  });
}

t.test('lint: nothing to say', async (t) => {
  for (const url of [
    'http://localhost/t',
    'http://[::1]:1/t',
    'http://127.9.9.9/t',
    'http://idp.localhost/t',
    'https://x/t',
  ]) {
    t.same(configure(clientCredentials, written(url)).lints, [], url);
  }
  t.same(configure(clientCredentials, written('http://idp.example.com/t', { insecureHttp: true })).lints, []);
});

t.test('lint: a missing secret', async (t) => {
  const { lints } = configure(clientCredentials, { tokenEndpoint: 'https://idp.test/token', clientId: 'id' });
  t.match(lints, [{ path: 'clientSecret', severity: 'error' }]);
});
