import { createHmac, createVerify, generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { type AssertionClaims, signAssertion } from '../../src/provider/assertion.ts';
import { type SigningAlgorithm, signingKey } from '../../src/provider/signing-key.ts';
import { TokenRequestError } from '../../src/token/provider.ts';
import { decodeUnverifiedJwt } from '../../src/token/unverified-jwt.ts';
import { type AssertionVector, byId, vectors } from './vectors.ts';

const { rsa2048, rsa1024_must_be_rejected: rsa1024 } = vectors.keys;

/** node:crypto only, so that a mistake of the signing library cannot confirm itself. */
function verifies(token: string, key: string): boolean {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const alg = String(decodeUnverifiedJwt(token)?.header['alg']);
  const hash = `sha${alg.slice(2)}`;
  if (alg.startsWith('HS')) {
    return createHmac(hash, key).update(`${header}.${payload}`).digest('base64url') === signature;
  }
  return createVerify(hash).update(`${header}.${payload}`).verify(key, signature, 'base64url');
}

function claimsOf({ given, expect }: AssertionVector): AssertionClaims {
  const { config = {} } = given;
  return {
    // The vectors name only algorithms of this version.
    algorithm: (config.alg ?? 'HS256') as SigningAlgorithm,
    issuer: String(expect.claims?.['iss']),
    subject: String(expect.claims?.['sub']),
    keyId: config.kid,
    lifetimeMs: (config.ttl_s ?? 240) * 1000,
    expUnit: config.exp_unit ?? 'seconds',
    expType: config.exp_type ?? 'number',
    includeIat: config.include_iat ?? false,
    jti: false,
  };
}

for (const vector of vectors.assertions.filter(({ kind }) => kind === 'sign')) {
  t.test(`${vector.id}: ${vector.title}`, async (t) => {
    const { given, expect } = vector;
    const nowMs = given.now_ms ?? Number(given.exp_value) - 240_000;
    const token = await signAssertion(claimsOf(vector), given.secret_utf8 ?? rsa2048.private_pkcs8_pem, nowMs);
    t.equal(token, expect.token, 'byte for byte');
    t.same(decodeUnverifiedJwt(token), { header: expect.header, payload: expect.claims });
    t.ok(verifies(token, given.secret_utf8 ?? rsa2048.public_spki_pem), 'verified by node:crypto');
  });
}

t.test('A02: the first copy of the sample in the seed does not verify', async (t) => {
  const { given } = byId(vectors.assertions, 'A02');
  t.notOk(verifies(given.token ?? '', given.secret_utf8 ?? ''));
});

t.test('A28: a PKCS#1 PEM key gives the same token as A15', async (t) => {
  const a15 = byId(vectors.assertions, 'A15');
  const token = await signAssertion(claimsOf(a15), rsa2048.private_pkcs1_pem, a15.given.now_ms ?? 0);
  t.equal(token, a15.expect.token);
});

const base: AssertionClaims = {
  algorithm: 'HS256',
  issuer: 'k',
  subject: 'k',
  lifetimeMs: 240_000,
  expUnit: 'seconds',
  expType: 'number',
  includeIat: false,
  jti: false,
};

t.test('wire facts 1.2 (A06, A09): exp as text, aud, jti; a jti is new each time', async (t) => {
  const claims: AssertionClaims = { ...base, expType: 'string', audience: 'www.blackboard.com', jti: true };
  const payloads = await Promise.all(
    [1, 2].map(async () => decodeUnverifiedJwt(await signAssertion(claims, 'secret', 1_700_000_000_999))?.payload),
  );
  t.match(payloads[0], { exp: '1700000240', aud: 'www.blackboard.com', jti: /^[0-9a-f-]{36}$/ });
  t.not(payloads[0]?.['jti'], payloads[1]?.['jti']);
});

t.test('RS384', async (t) => {
  const token = await signAssertion({ ...base, algorithm: 'RS384' }, rsa2048.private_pkcs8_pem, 0);
  t.ok(verifies(token, rsa2048.public_spki_pem));
});

function refusalOf(algorithm: SigningAlgorithm, key: string): TokenRequestError {
  try {
    signingKey(algorithm, key);
  } catch (error) {
    if (error instanceof TokenRequestError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
const encrypted = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: 'x',
});
const refusals: readonly (readonly [string, SigningAlgorithm, string, RegExp])[] = [
  ['A24: an empty secret', 'HS256', '', /secret is empty/],
  ['A25: an RSA key below 2048 bits', 'RS256', rsa1024.private_pkcs8_pem, /1024 bits/],
  ['A26: a PEM private key as HMAC secret', 'HS256', rsa2048.private_pkcs8_pem, /PEM block/],
  ['a public key', 'RS256', rsa2048.public_spki_pem, /cannot be read/],
  ['no PEM at all', 'RS256', 'secret', /cannot be read/],
  ['an encrypted key', 'RS256', String(encrypted), /cannot be read/],
  ['an elliptic curve key', 'RS512', String(ec), /needs an RSA key, this one is ec/],
];
for (const [title, algorithm, key, expected] of refusals) {
  t.test(`${title} is refused, and never shown`, async (t) => {
    const error = refusalOf(algorithm, key);
    t.equal(error.failure.kind, 'permanent');
    t.equal(error.failure.reason, 'invalid_signing_key');
    t.match(error.message, expected);
    if (key !== '') t.notOk(error.message.includes(key));
    await t.rejects(signAssertion({ ...base, algorithm }, key, 0), error);
  });
}

t.test('A28: what cannot be read names the formats that can', async (t) => {
  t.match(refusalOf('RS256', 'x').occurrence.action, /in PEM .*or as a JWK/);
});
