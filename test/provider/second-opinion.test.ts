import { createPrivateKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import * as client from 'openid-client';
import t from 'tap';
import { clientCredentials } from '../../src/provider/client-credentials.ts';
import { decodeUnverifiedJwt } from '../../src/token/unverified-jwt.ts';
import { make, obtain, startEndpoint } from './support.ts';

const secret = 'p%w: with + & ~ and 32 bytes of it';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const ed25519 = generateKeyPairSync('ed25519').privateKey;

/** openid-client wants a Web Crypto key. */
function cryptoKey(key: KeyObject, algorithm: Parameters<typeof crypto.subtle.importKey>[2]) {
  const der = key.export({ type: 'pkcs8', format: 'der' });
  return crypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
}

function pem(key: KeyObject): string {
  return createPrivateKey(key.export({ type: 'pkcs8', format: 'pem' }))
    .export({ type: 'pkcs8', format: 'pem' })
    .toString();
}

const sha256 = { hash: 'SHA-256' };
const methods: readonly (readonly [
  string,
  Readonly<Record<string, unknown>>,
  () => Promise<client.ClientAuth> | client.ClientAuth,
])[] = [
  ['client_secret_basic', { clientSecret: secret }, () => client.ClientSecretBasic(secret)],
  ['client_secret_post', { clientSecret: secret }, () => client.ClientSecretPost(secret)],
  ['client_secret_jwt', { clientSecret: secret }, () => client.ClientSecretJwt(secret)],
  [
    'private_key_jwt',
    { privateKey: pem(rsa) },
    async () => client.PrivateKeyJwt(await cryptoKey(rsa, { name: 'RSASSA-PKCS1-v1_5', ...sha256 })),
  ],
  [
    'private_key_jwt',
    { privateKey: pem(rsa), algorithm: 'PS256', keyId: 'k1' },
    async () => client.PrivateKeyJwt({ key: await cryptoKey(rsa, { name: 'RSA-PSS', ...sha256 }), kid: 'k1' }),
  ],
  [
    'private_key_jwt',
    { privateKey: pem(p256), keyId: 'k2' },
    async () => client.PrivateKeyJwt({ key: await cryptoKey(p256, { name: 'ECDSA', namedCurve: 'P-256' }), kid: 'k2' }),
  ],
  [
    'private_key_jwt',
    { privateKey: pem(ed25519) },
    async () => client.PrivateKeyJwt(await cryptoKey(ed25519, { name: 'Ed25519' })),
  ],
  ['tls_client_auth', {}, () => client.TlsClientAuth()],
  ['none', {}, () => client.None()],
];

/** What an assertion has besides times and random values. */
function assertionOf(form: URLSearchParams) {
  const { header, payload } = decodeUnverifiedJwt(form.get('client_assertion') ?? '') ?? { header: {}, payload: {} };
  const { jti, iat, exp, nbf: _, ...same } = payload;
  const life = form.has('client_assertion') ? Number(exp) - Number(iat) : undefined;
  // openid-client says EdDSA by the name of RFC 9864, ours is that of RFC 8037; both are the same signature.
  const alg = header['alg'] === 'Ed25519' ? 'EdDSA' : header['alg'];
  return { alg, kid: header['kid'], ...same, life, hasJti: typeof jti === 'string' && jti.length >= 16 };
}

for (const [method, options, opinion] of methods) {
  const title = `${method} ${String(options['algorithm'] ?? options['keyId'] ?? '')}`.trim();
  t.test(`acceptance 1: openid-client sends the same as we do: ${title}`, async (t) => {
    const endpoint = await startEndpoint(t);
    const clientId = `urn:app:${randomUUID()}`;
    const audience = 'https://audience.example';
    const tls = method === 'tls_client_auth' ? { clientAuthentication: 'none' } : { clientAuthentication: method };
    const ours = { tokenEndpoint: endpoint.url, clientId, scope: 'a b', audience: 'x', ...tls, ...options };
    await obtain(make(clientCredentials, { ...ours, clientAssertionAudience: audience }));
    const mine = endpoint.last();

    const server = { issuer: audience, token_endpoint: endpoint.url };
    const configuration = new client.Configuration(server, clientId, undefined, await opinion());
    client.allowInsecureRequests(configuration);
    await client.clientCredentialsGrant(configuration, { scope: 'a b', audience: 'x' });
    const theirs = endpoint.last();

    t.not(mine, theirs);
    // Theirs escapes - . _ ~ as well, which real servers trip over; decoded, both are the same.
    t.same(credentials(mine.headers.authorization), credentials(theirs.headers.authorization));
    t.equal(mine.headers['content-type'], String(theirs.headers['content-type']).replace(/;.*/, ''));
    const [my, their] = [new URLSearchParams(mine.body), new URLSearchParams(theirs.body)];
    t.same(assertionOf(my), assertionOf(their));
    const rest = (form: URLSearchParams) => [...form].filter(([name]) => name !== 'client_assertion').sort();
    t.same(rest(my), rest(their));
  });
}

function credentials(authorization: string | undefined): string[] | undefined {
  return authorization
    ?.slice('Basic '.length)
    .split(' ')
    .flatMap((text) => Buffer.from(text, 'base64').toString('utf8').split(':'))
    .map((half) => decodeURIComponent(half.replaceAll('+', ' ')));
}
