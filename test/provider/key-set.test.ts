import { generateKeyPairSync, sign } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import t, { type Test } from 'tap';
import { startIdp } from '../../src/emulator/idp.ts';
import { createConnector } from '../../src/net/connector.ts';
import { createKeySet } from '../../src/provider/create-key-set.ts';
import { createIssuerContact } from '../../src/provider/issuer-contact.ts';
import { KeySet, keySetRestMs } from '../../src/provider/key-set.ts';
import { type IssuerContact, TokenRequestError } from '../../src/token/provider.ts';
import { jwtOf } from '../challenge/tokens.ts';
import { startTcp } from '../support/tcp.ts';

const url = 'https://idp.example/jwks';
const silent = () => undefined;
const log = { trace: silent, debug: silent, info: silent, warn: silent, error: silent };

async function keyNamed(kid: string | undefined, alg = 'ES256') {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  const jwk = { ...(await exportJWK(publicKey)), ...(kid === undefined ? {} : { kid }) };
  const header = { alg, ...(kid === undefined ? {} : { kid }) };
  return { jwk, sign: () => new SignJWT({ sub: 'x' }).setProtectedHeader(header).sign(privateKey) };
}

/** Metadata with this jwks_uri. */
const says = (jwksUri: string | undefined) => async () => ({ tokenEndpoint: 'https://idp.example/token', jwksUri });

function setUp(answers: (object | string | Error)[], more: Partial<IssuerContact> & { url?: string } = {}) {
  let nowMs = 0;
  const asked: string[] = [];
  const warnings: string[] = [];
  const contact: IssuerContact = {
    name: 'https://idp.example',
    metadata: says(url),
    async get(at) {
      asked.push(at);
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer instanceof Error) throw answer;
      const found = typeof answer !== 'string';
      return { status: found ? 200 : 404, headers: {}, text: found ? JSON.stringify(answer) : answer };
    },
    ...more,
  };
  const warn = (_: object, message: string) => void warnings.push(message);
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  const keys = new KeySet({ contact, url: more.url }, { clock, log: { ...log, warn } });
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { keys, asked, warnings, pass };
}

const rs = (await keyNamed('rsa', 'RS256')) satisfies object;
const one = await keyNamed('one');
const two = await keyNamed('two');

t.test('each family of algorithms is verified', async (t) => {
  for (const alg of ['RS256', 'PS384', 'ES512', 'EdDSA']) {
    const key = await keyNamed('k', alg);
    const { keys, asked } = setUp([{ keys: [{ kty: 'x', kid: 'k' }, key.jwk] }]);
    const token = await key.sign();
    t.strictSame(await keys.examine(token), { state: 'verified', url }, alg);
    t.strictSame(await keys.examine(`${token.slice(0, -8)}AAAAAAAA`), { state: 'bad-signature', url }, alg);
    t.equal(asked.length, 1, 'the keys are kept');
  }
});

t.test('a key that cannot be used says nothing about the signature', async (t) => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const input = jwtOf({ alg: 'RS256', kid: 'short' }, {}, '').slice(0, -1);
  const signature = sign('sha256', Buffer.from(input), privateKey).toString('base64url');
  const { keys } = setUp([
    {
      keys: [
        { ...publicKey.export({ format: 'jwk' }), kid: 'short' },
        { kty: 'EC', kid: 'odd' },
      ],
    },
  ]);
  t.match(await keys.examine(`${input}.${signature}`), { state: 'not-applicable', why: 'cannot be used here' });
  t.match(await keys.examine(jwtOf({ alg: 'ES256', kid: 'odd' }, {})), { state: 'not-applicable' });
  t.match(await keys.examine(jwtOf({ alg: 'ES256', kid: 'short' }, {})), { state: 'bad-signature' }, 'of another type');
});

t.test('a token without kid is tried with every key', async (t) => {
  const anonymous = await keyNamed(undefined);
  const { keys } = setUp([{ keys: [{ ...two.jwk, use: 'enc' }, rs.jwk, one.jwk, anonymous.jwk] }]);
  t.equal((await keys.examine(await anonymous.sign())).state, 'verified');
  t.equal((await keys.examine(await (await keyNamed(undefined)).sign())).state, 'bad-signature');
});

t.test('an unknown kid makes it look again, once a minute per kid; a withdrawn one is known as such', async (t) => {
  const { keys, asked, pass } = setUp([{ keys: [one.jwk] }, { keys: [one.jwk, two.jwk] }, { keys: [two.jwk] }]);
  t.equal((await keys.examine(await one.sign())).state, 'verified');
  pass(1000);
  t.equal((await keys.examine(await two.sign())).state, 'verified', 'published since');
  t.equal(asked.length, 2);
  pass(keySetRestMs);
  const gone = await keys.examine(await one.sign());
  t.strictSame(gone, { state: 'unknown-kid', url, published: ['two'], withdrawn: true });
  pass(1000);
  const three = await (await keyNamed('three')).sign();
  t.match(await keys.examine(three), { state: 'unknown-kid', withdrawn: false });
  const before = asked.length;
  for (let i = 0; i < 5; i++) await keys.examine(three);
  t.equal(asked.length, before);
});

t.test('what published keys are not for is not asked', async (t) => {
  const { keys, asked } = setUp([{ keys: [] }]);
  for (const token of ['opaque', jwtOf({ alg: 'HS256' }, {}), jwtOf({ alg: 'none' }, {}), jwtOf({}, {})]) {
    t.equal((await keys.examine(token)).state, 'not-applicable', token);
  }
  t.equal(asked.length, 0);
});

t.test('failures are told and remembered', async (t) => {
  const refused = new TokenRequestError('GET x refused the connection.', { kind: 'transient', reason: 'unreachable' });
  const rows: readonly [Parameters<typeof setUp>, string][] = [
    [[[refused]], 'GET x refused the connection'],
    [[[new Error('odd')]], 'the look at them failed'],
    [[['<html>']], 'answered 404 without a key set'],
    [[[{ nothing: 1 }]], 'answered 200 without a key set'],
    [[[{}], { metadata: says(undefined) }], 'nothing says where the keys are'],
    [[[{}], { metadata: says('http://other.example/jwks') }], 'is not https'],
    [[[{}], { metadata: says('nonsense') }], 'is not https'],
    [[[{}], { metadata: says('ftp://127.0.0.1/jwks') }], 'is not https'],
  ];
  for (const [given, why] of rows) {
    const { keys, asked, warnings, pass } = setUp(...given);
    const token = await one.sign();
    t.match(await keys.examine(token), { state: 'unavailable', why }, why);
    await keys.examine(token);
    t.equal(warnings.length, 1, 'told once');
    const before = asked.length;
    pass(keySetRestMs);
    await keys.examine(token);
    t.equal(warnings.length, 2, 'tried again');
    t.ok(before <= 1);
  }
  const plain = setUp([{ keys: [one.jwk] }], {
    name: 'http://127.0.0.1:1',
    metadata: says('http://127.0.0.1:1/k'),
  });
  t.equal((await plain.keys.examine(await one.sign())).state, 'verified', 'plain http at home');
  const written = setUp([{ keys: [one.jwk] }], { url: 'http://elsewhere/k' });
  t.match(await written.keys.examine(await one.sign()), { state: 'verified', url: 'http://elsewhere/k' });
});

t.test('nobody waits longer than asked; what comes later is there the next time; one look for all', async (t) => {
  let arrive: (() => void) | undefined;
  const there = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  let asked = 0;
  const { keys } = setUp([], {
    async get() {
      asked += 1;
      await there;
      return { status: 200, headers: {}, text: JSON.stringify({ keys: [one.jwk] }) };
    },
  });
  const token = await one.sign();
  const early = await Promise.all([keys.examine(token, 1_500), keys.examine(token, 1_500)]);
  for (const evidence of early) t.match(evidence, { state: 'unavailable', why: 'they have not arrived yet' });
  const startedMs = performance.now();
  await keys.examine(token, 1_500);
  t.ok(performance.now() - startedMs < 1_400, 'what one has waited in vain, the next does not wait again');
  const patient = keys.examine(token, 10_000);
  arrive?.();
  t.equal((await patient).state, 'verified', 'but a more patient one does');
  t.equal((await keys.examine(token)).state, 'verified');
  t.equal(asked, 1);
});

t.test('where the user does not say whose keys these are, an attempt that fails says nothing', async (t) => {
  const { keys, warnings } = setUp([{}], { name: undefined, metadata: async () => undefined });
  t.match(await keys.examine(await one.sign()), { state: 'not-applicable', why: 'nothing says where the keys are' });
  t.strictSame(warnings, []);
});

t.test('the issuer that a token names is asked only where the token came from', async (t) => {
  const idp = await startIdp();
  t.teardown(idp.close);
  const line = { connect: createConnector({}, 2000), closed: new AbortController().signal };
  const deps = { connect: async () => line, clock: { nowMs: Date.now, monotonicMs: Date.now }, log };
  const known = { issuer: undefined, tokenEndpoint: idp.tokenEndpoint, insecureHttp: false, timeout: 2000 };
  const contact = createIssuerContact(known, deps);
  const signal = AbortSignal.timeout(5000);
  t.equal((await contact.metadata(idp.issuer, signal))?.jwksUri, idp.jwksUrl);
  for (const iss of [undefined, 'x', 'http://127.0.0.1:1', `${idp.issuer}?a=b`]) {
    t.equal(await contact.metadata(iss, signal), undefined, iss ?? 'none');
  }
  const nowhere = createIssuerContact({ ...known, tokenEndpoint: undefined }, deps);
  t.equal(await nowhere.metadata(idp.issuer, signal), undefined);
});

t.test('without a provider that knows its issuer: expect.jwks over connections of its own', async (t) => {
  t.equal(createKeySet(undefined, undefined, { clock: { nowMs: Date.now, monotonicMs: Date.now }, log }), undefined);
  const server = await jwksServer(t);
  const keys = createKeySet(undefined, server, { clock: { nowMs: Date.now, monotonicMs: Date.now }, log });
  t.strictSame(await keys?.examine(await one.sign()), { state: 'verified', url: server });
  await keys?.close();
});

async function jwksServer(t: Test): Promise<string> {
  const body = JSON.stringify({ keys: [one.jwk] });
  const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
  const server = await startTcp((socket) => void socket.once('data', () => socket.end(head + body)));
  t.teardown(() => server.close());
  return `${server.url}/jwks?tenant=a`;
}
