import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { copyFileSync } from 'node:fs';
import { createServer as createPlainServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import Provider from 'oidc-provider';
import t from 'tap';
import { clientCredentials } from '../../src/provider/client-credentials.ts';
import { tlsFile, tlsText } from '../support/test-certificates.ts';
import { configure, make, obtain, refused } from './support.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' });
const ed25519 = generateKeyPairSync('ed25519');
const secret = 'a secret: with % + & and 32 bytes';

function jwk(key: KeyObject, kid: string): object {
  return { ...key.export({ format: 'jwk' }), kid, use: 'sig' };
}

const keys = [
  jwk(rsa.publicKey, 'rsa'),
  jwk(p256.publicKey, 'p256'),
  jwk(p384.publicKey, 'p384'),
  jwk(p521.publicKey, 'p521'),
  jwk(ed25519.publicKey, 'ed25519'),
];
const shared = { grant_types: ['client_credentials'], redirect_uris: [], response_types: [], scope: 'api' };
const algorithms = [
  'HS256',
  'HS384',
  'HS512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
];

function configuration(mtlsOrigin: string | undefined): object {
  const clients = [
    { client_id: 'urn:basic:x', client_secret: secret, token_endpoint_auth_method: 'client_secret_basic' },
    { client_id: 'post', client_secret: secret, token_endpoint_auth_method: 'client_secret_post' },
    { client_id: 'secret-jwt', client_secret: secret, token_endpoint_auth_method: 'client_secret_jwt' },
    { client_id: 'key-jwt', jwks: { keys }, token_endpoint_auth_method: 'private_key_jwt' },
    { client_id: 'tls', tls_client_auth_subject_dn: 'CN=my-app', token_endpoint_auth_method: 'tls_client_auth' },
  ];
  return {
    clients: clients.map((client) => ({ ...shared, ...client })),
    scopes: ['api'],
    clientAuthMethods: clients.map(({ token_endpoint_auth_method: method }) => method),
    enabledJWA: { clientAuthSigningAlgValues: algorithms },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      mTLS: {
        enabled: true,
        tlsClientAuth: true,
        certificateBoundAccessTokens: true,
        getCertificate: (ctx: { socket: TLSSocket }) => ctx.socket.getPeerX509Certificate?.(),
        certificateAuthorized: (ctx: { socket: TLSSocket }) => ctx.socket.authorized,
        certificateSubjectMatches: (ctx: { socket: TLSSocket }, _property: string, expected: string) =>
          ctx.socket.getPeerX509Certificate?.()?.subject === expected,
      },
    },
    ...(mtlsOrigin === undefined
      ? {}
      : { discovery: { mtls_endpoint_aliases: { token_endpoint: `${mtlsOrigin}/token` } } }),
  };
}

async function listen(server: Server, teardown: (fn: () => void) => void): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  // A server that listens on TCP has such an address.
  return (server.address() as AddressInfo).port;
}

/** oidc-provider over plain http, or over TLS that asks for a client certificate. */
async function startIdp(teardown: (fn: () => void) => void, secure: boolean): Promise<string> {
  const tls = { cert: tlsText('server.pem'), key: tlsText('server.key'), ca: tlsText('ca.pem') };
  const server = secure
    ? createSecureServer({ ...tls, requestCert: true, rejectUnauthorized: false })
    : createPlainServer();
  const port = await listen(server, teardown);
  const origin = `${secure ? 'https' : 'http'}://127.0.0.1:${port}`;
  const idp = new Provider(origin, configuration(secure ? origin : undefined));
  server.on('request', idp.callback());
  return origin;
}

const pem = { type: 'pkcs8', format: 'pem' } as const;
const rsaPem = rsa.privateKey.export(pem).toString();
const methods: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ['client_secret_basic with an id of colons', { clientId: 'urn:basic:x', clientSecret: secret }],
  ['client_secret_post', { clientId: 'post', clientSecret: secret, clientAuthentication: 'client_secret_post' }],
  ...['HS256', 'HS384', 'HS512'].map(
    (algorithm) =>
      [
        `client_secret_jwt ${algorithm}`,
        { clientId: 'secret-jwt', clientSecret: secret, clientAuthentication: 'client_secret_jwt', algorithm },
      ] as const,
  ),
  ...[
    ['RS256 of a PKCS#8 key', rsaPem, { keyId: 'rsa' }],
    ['RS256 of a PKCS#1 key', rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(), { keyId: 'rsa' }],
    ['RS384', rsaPem, { algorithm: 'RS384' }],
    ['RS512', rsaPem, { algorithm: 'RS512' }],
    ['PS256', rsaPem, { algorithm: 'PS256' }],
    ['PS384', rsaPem, { algorithm: 'PS384' }],
    ['PS512', rsaPem, { algorithm: 'PS512' }],
    ['ES256 of a SEC1 key', p256.privateKey.export({ type: 'sec1', format: 'pem' }).toString(), { keyId: 'p256' }],
    ['ES384 of a JWK with its kid', JSON.stringify(jwk(p384.privateKey, 'p384')), {}],
    ['ES512', p521.privateKey.export(pem).toString(), {}],
    ['EdDSA', ed25519.privateKey.export(pem).toString(), { keyId: 'ed25519' }],
  ].map(
    ([title, privateKey, more]) =>
      [
        `private_key_jwt ${title}`,
        { clientId: 'key-jwt', clientAuthentication: 'private_key_jwt', privateKey, ...(more as object) },
      ] as const,
  ),
];

t.test('acceptance 1: oidc-provider accepts every client authentication', async (t) => {
  const issuer = await startIdp(t.teardown, false);
  for (const [title, options] of methods) {
    const provider = make(clientCredentials, { issuer, scope: 'api', ...options });
    const { value, lifetimeMs } = await obtain(provider);
    t.ok(value.length > 20 && lifetimeMs === 600_000, title);
    const again = await obtain(provider);
    t.not(again.value, value, `${title}: a second assertion has another jti`);
  }
});

t.test('acceptance 1: the issuer as audience, and what oidc-provider says of a wrong one', async (t) => {
  const issuer = await startIdp(t.teardown, false);
  const key = { issuer, clientId: 'key-jwt', clientAuthentication: 'private_key_jwt', privateKey: rsaPem };
  await obtain(make(clientCredentials, { ...key, clientAssertionAudience: 'issuer' }));
  const error = await refused(make(clientCredentials, { ...key, clientAssertionAudience: 'https://else.example' }));
  t.match(error.failure, { kind: 'permanent', reason: 'invalid_client' });
  t.match(error.occurrence.action, /another clientAssertionAudience \(issuer\)/);
});

t.test(
  'acceptance 1: client_secret_basic raw is refused by an endpoint that decodes, and the cure says so',
  async (t) => {
    const issuer = await startIdp(t.teardown, false);
    const raw = { issuer, clientId: 'urn:basic:x', clientSecret: secret, basicEncoding: 'raw' };
    const error = await refused(make(clientCredentials, raw));
    t.equal(error.failure.reason, 'invalid_request', 'a % that begins no escape');
    t.match(error.occurrence.action, /basicEncoding: form/);
  },
);

t.test('acceptance 1, RFC 8705 §2: tls_client_auth, by the alias of the metadata', async (t) => {
  const issuer = await startIdp(t.teardown, true);
  const options = { issuer, clientId: 'tls', clientAuthentication: 'tls_client_auth', scope: 'api' };
  const tls = (name: string) => ({
    ca: [tlsFile('ca.pem')],
    cert: tlsFile(`${name}.pem`),
    key: { file: tlsFile(`${name}.key`) },
  });
  t.ok((await obtain(make(clientCredentials, { ...options, tls: tls('client') }))).value);
  const other = await refused(make(clientCredentials, { ...options, tls: tls('other-client') }));
  t.match(other.failure, { kind: 'permanent', reason: 'invalid_client' });
  t.match(other.occurrence.action, /certificate in tls.cert/);
  const mixed = { ...tls('client'), key: { file: tlsFile('other-client.key') } };
  t.match(await refused(make(clientCredentials, { ...options, tls: mixed })), {
    message: /client certificate cannot be used \(ERR_OSSL_/,
    failure: { kind: 'permanent', reason: 'invalid_client_certificate' },
  });
});

t.test('RFC 8705 §2: a certificate that is renewed on disk is shown with the next token request', async (t) => {
  const issuer = await startIdp(t.teardown, true);
  const folder = t.testdir();
  const place = (name: string) => {
    copyFileSync(tlsFile(`${name}.pem`), join(folder, 'cert.pem'));
    copyFileSync(tlsFile(`${name}.key`), join(folder, 'key.pem'));
  };
  place('other-client');
  const tls = { ca: [tlsFile('ca.pem')], cert: join(folder, 'cert.pem'), key: { file: join(folder, 'key.pem') } };
  const provider = make(clientCredentials, { issuer, clientId: 'tls', clientAuthentication: 'tls_client_auth', tls });
  t.match(await refused(provider), { failure: { reason: 'invalid_client' } });
  place('client');
  t.equal(await provider.secretsChanged?.(), true, 'reason enough to ask again at once');
  t.ok((await obtain(provider)).value);
});

const lints: readonly (readonly [Readonly<Record<string, unknown>>, string, RegExp])[] = [
  [{ clientAuthentication: 'private_key_jwt' }, 'privateKey', /is missing/],
  [{ clientAuthentication: 'tls_client_auth' }, 'tls.cert', /is missing/],
  [{ clientAuthentication: 'client_secret_jwt' }, 'clientSecret', /is missing/],
  [{ clientAuthentication: 'client_secret_jwt', clientSecret: 'short' }, 'clientSecret', /has 5 bytes/],
  [{ clientAuthentication: 'client_secret_jwt', clientSecret: rsaPem }, 'clientSecret', /is a PEM block/],
  [{ clientAuthentication: 'client_secret_jwt', clientSecret: secret, algorithm: 'RS256' }, 'algorithm', /does not go/],
  [{ clientAuthentication: 'private_key_jwt', privateKey: rsaPem, algorithm: 'HS256' }, 'algorithm', /does not go/],
  [
    { clientAuthentication: 'private_key_jwt', privateKey: rsaPem, algorithm: 'ES256' },
    'privateKey',
    /needs an EC key/,
  ],
  [{ clientAuthentication: 'private_key_jwt', privateKey: 'not a key' }, 'privateKey', /is not a private key/],
  [{ clientSecret: secret, privateKey: rsaPem }, 'privateKey', /is not used/],
  [{ clientSecret: secret, algorithm: 'HS256' }, 'algorithm', /is not used/],
  [
    { clientAuthentication: 'client_secret_jwt', clientSecret: secret, clientAssertionAudience: 'issuer' },
    'clientAssertionAudience',
    /is the issuer, which is missing/,
  ],
];
for (const [more, path, problem] of lints) {
  t.test(`lint: ${path} ${problem.source}: ${JSON.stringify(more).slice(0, 90)}`, async (t) => {
    const { lints } = configure(clientCredentials, { tokenEndpoint: 'https://idp.test/t', clientId: 'x', ...more });
    t.equal(lints.length, 1);
    t.match(lints, [{ path, problem }]);
  });
}

t.test('a certificate needs its key, and a key its certificate', async (t) => {
  const base = { tokenEndpoint: 'https://idp.test/t', clientId: 'x', clientSecret: secret };
  const problems = (tls: object) => configure(clientCredentials, { ...base, tls }).problems.join();
  t.match(problems({ cert: tlsFile('client.pem') }), /tls\.cert: has no key/);
  t.match(problems({ key: { file: tlsFile('client.key') } }), /tls\.key: has no cert/);
  t.match(problems({ cert: tlsFile('client.key'), key: { file: tlsFile('client.key') } }), /is not a PEM certificate/);
});
