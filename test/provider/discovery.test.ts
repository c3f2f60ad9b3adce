import { readFileSync } from 'node:fs';
import t from 'tap';
import { clientCredentials } from '../../src/provider/client-credentials.ts';
import { metadataUrls, readMetadata } from '../../src/provider/discovery.ts';
import { metadataLifeMs } from '../../src/provider/issuer.ts';
import { decodeUnverifiedJwt } from '../../src/token/unverified-jwt.ts';
import { tlsFile } from '../support/test-certificates.ts';
import { FakeClock } from '../token/support.ts';
import { configure, goodToken, make, obtain, refused, startEndpoint, testContext } from './support.ts';

interface DiscoveryVector {
  readonly id: string;
  readonly given: { readonly issuer: string; readonly metadata?: object };
  readonly expect: { readonly metadata_url?: { readonly rfc8414: string; readonly oidc: string } };
}
const file = new URL('../../../test/vectors/vectors.json', import.meta.url);
// The file's own field notes describe these shapes.
const { discovery } = JSON.parse(readFileSync(file, 'utf8')) as { discovery: readonly DiscoveryVector[] };

for (const { id, given, expect } of discovery) {
  t.test(`${id}: ${given.issuer}`, async (t) => {
    if (expect.metadata_url !== undefined) {
      t.same(metadataUrls(given.issuer), [expect.metadata_url.rfc8414, expect.metadata_url.oidc]);
    }
    if (given.metadata !== undefined) {
      const read = readMetadata(json(given.metadata), given.issuer, false);
      t.match(read, { fault: 'foreign', happened: /"https:\/\/example.com\/".*"https:\/\/example.com"/ });
    }
  });
}

t.test('RFC 8414 §3.1, OpenID Connect Discovery §4.1: a path, a port, a slash at the end', async (t) => {
  t.same(metadataUrls('https://a.example:8443/realms/x'), [
    'https://a.example:8443/.well-known/oauth-authorization-server/realms/x',
    'https://a.example:8443/realms/x/.well-known/openid-configuration',
  ]);
  t.same(metadataUrls('https://a.example/x/'), [
    'https://a.example/.well-known/oauth-authorization-server/x',
    'https://a.example/x/.well-known/openid-configuration',
  ]);
});

function json(document: object, status = 200) {
  return { status, headers: { 'content-type': 'application/json' }, text: JSON.stringify(document) };
}

const issuer = 'https://idp.test';
const good = { issuer, token_endpoint: 'https://idp.test/token', jwks_uri: 'https://idp.test/keys' };
const documents: readonly (readonly [string, object, object])[] = [
  ['the usual', good, { tokenEndpoint: good.token_endpoint, jwksUri: good.jwks_uri, mtlsTokenEndpoint: undefined }],
  [
    'RFC 8705 §5: an alias for clients with a certificate',
    { ...good, mtls_endpoint_aliases: { token_endpoint: 'https://mtls.idp.test/token' } },
    { mtlsTokenEndpoint: 'https://mtls.idp.test/token' },
  ],
  ['no issuer', { token_endpoint: good.token_endpoint }, { fault: 'foreign', happened: /names no issuer/ }],
  ['no token endpoint', { issuer }, { fault: 'incomplete', happened: /token_endpoint is missing/ }],
  ['a number', { issuer, token_endpoint: 1 }, { fault: 'incomplete', happened: /is not a URL/ }],
  ['plain http', { issuer, token_endpoint: 'http://idp.test/token' }, { happened: /is plain http/ }],
  ['plain http to us', { issuer, token_endpoint: 'http://127.0.0.1/t' }, { happened: /is plain http/ }],
  ['another scheme', { issuer, token_endpoint: 'file:///etc/passwd' }, { happened: /has the scheme "file"/ }],
  [
    'an alias over plain http',
    { ...good, mtls_endpoint_aliases: { token_endpoint: 'http://idp.test/token' } },
    { happened: /mtls_endpoint_aliases.token_endpoint is plain http/ },
  ],
  ['words of the document stay on one line', { issuer: 'https://x\r\n\u202eevil' }, { happened: /"https:\/\/x evil"/ }],
];
for (const [title, document, expected] of documents) {
  t.test(`RFC 8414 §2: ${title}`, async (t) => {
    t.match(readMetadata(json(document), issuer, false), expected);
  });
}

t.test('insecureHttp covers what the metadata say, too', async (t) => {
  const document = { issuer, token_endpoint: 'http://idp.test/token' };
  t.match(readMetadata(json(document), issuer, true), { tokenEndpoint: 'http://idp.test/token' });
});

const options = { clientId: 'my-app', clientSecret: 'correct horse battery' };
const inserted = '/.well-known/oauth-authorization-server';
const appended = '/.well-known/openid-configuration';

/** An issuer whose two documents a test can change. */
async function startIssuer(t: Parameters<typeof startEndpoint>[0]) {
  const state = { at: appended, issuer: '', token: '/token', status: 404, down: false };
  const endpoint = await startEndpoint(t, (response, request) => {
    const path = request.url ?? '';
    if (path.startsWith('/.well-known/')) {
      if (state.down) return void response.socket?.destroy();
      if (path !== state.at) return void response.writeHead(state.status).end('<html>');
      return void response.end(JSON.stringify({ issuer: state.issuer, token_endpoint: endpoint.origin + state.token }));
    }
    if (path !== state.token) return void response.writeHead(404).end();
    goodToken(response);
  });
  state.issuer = endpoint.origin;
  return { endpoint, state, asked: () => endpoint.seen.map(({ method, target }) => `${method} ${target}`) };
}

t.test(
  'the token endpoint comes from the metadata: RFC 8414 first, OpenID where there is none; asked once an hour',
  async (t) => {
    const { endpoint, state, asked } = await startIssuer(t);
    const clock = new FakeClock();
    const context = testContext({ clock });
    const provider = make(clientCredentials, { ...options, issuer: endpoint.origin }, context);
    await obtain(provider);
    t.same(asked(), [`GET ${inserted}`, `GET ${appended}`, 'POST /token']);
    t.equal(endpoint.seen[0]?.headers.authorization, undefined, 'no secret for a question');
    clock.advance(metadataLifeMs - 1);
    await obtain(provider);
    t.equal(asked().length, 4, 'remembered');
    clock.advance(1);
    state.at = inserted;
    await obtain(provider);
    t.same(asked().slice(4), [`GET ${inserted}`, 'POST /token'], 'a document there is enough');
  },
);

t.test('D04: the metadata of somebody else are refused with both names, and no secret is sent', async (t) => {
  const { endpoint, state, asked } = await startIssuer(t);
  state.issuer = `${endpoint.origin}/`;
  const error = await refused(make(clientCredentials, { ...options, issuer: endpoint.origin }));
  t.match(error.failure, { kind: 'permanent', reason: 'issuer_mismatch' });
  t.equal(
    error.message,
    `GET ${endpoint.origin}${appended} answered with the metadata of the issuer "${endpoint.origin}/", but the credential's issuer is "${endpoint.origin}".`,
  );
  t.match(error.occurrence.action, `issuer: ${endpoint.origin}/`);
  t.notOk(asked().some((one) => one.startsWith('POST')));
});

t.test('a failure of discovery is transient and says what was asked', async (t) => {
  const { endpoint, state } = await startIssuer(t);
  state.at = 'nowhere';
  const provider = make(clientCredentials, { ...options, issuer: endpoint.origin });
  const absent = await refused(provider);
  t.match(absent.failure, { kind: 'transient', reason: 'invalid_metadata' });
  t.match(
    absent.message,
    `The issuer ${endpoint.origin} publishes no metadata: GET ${endpoint.origin}${inserted} answered 404`,
  );
  state.down = true;
  const down = await refused(provider);
  t.match(down.failure, { kind: 'transient', reason: 'unreachable' });
  t.match(down.message, `GET ${endpoint.origin}${inserted} closed the connection`);
});

t.test('a redirect is not followed', async (t) => {
  const { endpoint, state } = await startIssuer(t);
  state.status = 302;
  t.equal((await obtain(make(clientCredentials, { ...options, issuer: endpoint.origin }))).value, 'tok-1');
  state.at = 'nowhere';
  const error = await refused(make(clientCredentials, { ...options, issuer: endpoint.origin }));
  t.match(error.message, /answered 302/);
});

t.test('while discovery is down the old metadata serve; when they mislead, they are asked for again', async (t) => {
  const { endpoint, state, asked } = await startIssuer(t);
  const clock = new FakeClock();
  const context = testContext({ clock });
  const provider = make(clientCredentials, { ...options, issuer: endpoint.origin }, context);
  await obtain(provider);
  clock.advance(metadataLifeMs);
  state.down = true;
  t.equal((await obtain(provider)).value, 'tok-1');
  t.match(context.lines, [{ level: 'debug' }, { level: 'warn', fields: { event: 'issuer_unavailable' } }]);
  state.down = false;
  await obtain(provider);
  const before = asked().length;
  state.token = '/moved';
  await refused(provider);
  t.same(asked().slice(before), ['POST /token']);
  t.equal((await obtain(provider)).value, 'tok-1', 'found where it is now');
  t.equal(asked().at(-1), 'POST /moved');
});

t.test('tokenEndpoint wins over issuer: nothing is discovered', async (t) => {
  const { endpoint, asked } = await startIssuer(t);
  await obtain(make(clientCredentials, { ...options, issuer: 'https://idp.test', tokenEndpoint: endpoint.url }));
  t.same(asked(), ['POST /token']);
});

t.test(
  'RFC 8705 §5: with a certificate the alias is asked; RFC 7523 §3: the assertion is for the endpoint itself',
  async (t) => {
    const endpoint = await startEndpoint(t, (response, request) => {
      if (!request.url?.startsWith('/.well-known/')) return goodToken(response);
      const { origin } = endpoint;
      const aliases = { token_endpoint: `${origin}/mtls` };
      response.end(
        JSON.stringify({ issuer: origin, token_endpoint: `${origin}/token`, mtls_endpoint_aliases: aliases }),
      );
    });
    const signed = { ...options, issuer: endpoint.origin, clientAuthentication: 'client_secret_jwt' };
    const audience = () => {
      const assertion = new URLSearchParams(endpoint.last().body).get('client_assertion') ?? '';
      return decodeUnverifiedJwt(assertion)?.payload['aud'];
    };
    await obtain(make(clientCredentials, signed));
    t.equal(endpoint.last().target, '/token');
    t.equal(audience(), `${endpoint.origin}/token`);
    const tls = { cert: tlsFile('client.pem'), key: { file: tlsFile('client.key') } };
    await obtain(make(clientCredentials, { ...signed, tls }));
    t.equal(endpoint.last().target, '/mtls');
    t.equal(audience(), `${endpoint.origin}/token`);
    await obtain(make(clientCredentials, { ...signed, clientAssertionAudience: 'issuer' }));
    t.equal(audience(), endpoint.origin);
  },
);

t.test('lint: an issuer over plain http, and neither of the two', async (t) => {
  const { lints } = configure(clientCredentials, { ...options, issuer: 'http://idp.example.com' });
  t.match(lints, [{ path: 'issuer', severity: 'error', problem: /plain http/ }]);
  t.match(configure(clientCredentials, options).lints, [{ path: 'tokenEndpoint', severity: 'error' }]);
  t.match(
    configure(clientCredentials, { ...options, issuer: 'https://idp.test/?x=1' }).problems.join(),
    /issuer: has a query/,
  );
});
