import { CompactEncrypt } from 'jose';
import t from 'tap';
import { Secret } from '../../src/config/secret.ts';
import {
  accessToken,
  type CacheKey,
  KeyRing,
  nameOf,
  open,
  type SealedToken,
  seal,
} from '../../src/token-cache/sealed-token.ts';
import { keyText, recorder, ring, states } from './support.ts';

const token: SealedToken = {
  value: 'eyJ.secret.token',
  requestedAtMs: 1_700_000_000_000,
  lifetimeMs: 300_000,
  lifetimeSource: 'expires_in',
};

async function keyOf(letter: string): Promise<CacheKey> {
  const [key] = await ring(letter).read();
  if (key === undefined) throw new Error('no key');
  return key;
}

t.test('what was sealed opens with the same key under the same name, and with no other', async (t) => {
  const [key, other] = [await keyOf('a'), await keyOf('b')];
  const name = nameOf(key, 'token', 'f00d');
  const text = await seal(token, name, key);
  t.strictSame(await open(text, name, key), token);
  t.equal(await open(text, name, other), undefined, 'another key');
  t.equal(await open(text, nameOf(key, 'token', 'beef'), key), undefined, "put in another credential's place");
  t.notOk(text.includes('secret') || Buffer.from(text, 'base64url').includes('secret'), 'nothing in clear');
  t.not(await seal(token, name, key), text, 'never the same twice');
  const header: unknown = JSON.parse(Buffer.from(text.split('.')[0] ?? '', 'base64url').toString());
  t.strictSame(header, { alg: 'dir', enc: 'A256GCM', kid: key.id });
  t.notOk(text.includes(keyText('a').slice(0, 12)), 'no key');
});

t.test('what is damaged, foreign or implausible does not open', async (t) => {
  const key = await keyOf('a');
  const name = nameOf(key, 'token', 'f00d');
  const text = await seal(token, name, key);
  const made = (content: unknown, header = { alg: 'dir', enc: 'A256GCM' }) =>
    new CompactEncrypt(Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)))
      .setProtectedHeader(header)
      .encrypt(key.encryption);
  for (const [what, entry] of [
    ['nothing', ''],
    ['a word', 'hello'],
    ['cut off', text.slice(0, -4)],
    // not the last: its lowest bits mean nothing
    ['one character changed', text.replace(/.(?=.{5}$)/, (one) => (one === 'A' ? 'B' : 'A'))],
    ['not JSON', await made('{')],
    ['null', await made('null')],
    ['another content encryption', await made({ ...token, name }, { alg: 'dir', enc: 'A128CBC-HS256' })],
    ['no name', await made(token)],
    ['a token with a line break', await made({ ...token, name, value: 'a\r\nb' })],
    ['an empty token', await made({ ...token, name, value: '' })],
    ['a life that is text', await made({ ...token, name, lifetimeMs: '300000' })],
    ['no life left', await made({ ...token, name, lifetimeMs: 0 })],
    ['an unknown source', await made({ ...token, name, lifetimeSource: 'wish' })],
  ] as const) {
    t.equal(await open(entry, name, key), undefined, what);
  }
});

t.test('names are hashes that need the key', async (t) => {
  const [key, other] = [await keyOf('a'), await keyOf('b')];
  t.match(nameOf(key, 'token', 'f00d'), /^bearerd:token:[\da-f]{64}$/);
  t.equal(nameOf(key, 'lock', 'f00d'), nameOf(await keyOf('a'), 'lock', 'f00d'), 'the same everywhere');
  const names = [nameOf(key, 'token', 'f00d'), nameOf(key, 'token', 'beef'), nameOf(other, 'token', 'f00d')];
  t.equal(new Set(names).size, 3);
});

t.test('the age counts by whichever clock makes the token older', async (t) => {
  const nowMs = token.requestedAtMs + 60_000;
  for (const [what, leftMs, now, ageMs] of [
    ['both agree', 240_000, nowMs, 60_000],
    ['a store that cannot say', undefined, nowMs, 60_000],
    ['our clock is a minute behind', 240_000, nowMs - 60_000, 60_000],
    ['our clock is two minutes behind, the store cannot say', undefined, nowMs - 120_000, 0],
    ['our clock is a minute ahead', 240_000, nowMs + 60_000, 120_000],
    ['the store has kept it too long', 900_000, nowMs, 60_000],
  ] as const) {
    const made = accessToken(token, leftMs, now);
    t.equal(now - made.requestedAtMs, ageMs, what);
    t.equal(made.shared, true);
  }
});

t.test('a key found missing by a read that ends late is no news once a later one has it', async (t) => {
  const reads: ((text: string | Error) => void)[] = [];
  class SlowSecret extends Secret {
    override read(): Promise<string> {
      return new Promise((resolve, reject) => {
        reads.push((outcome) => (typeof outcome === 'string' ? resolve(outcome) : reject(outcome)));
      });
    }
  }
  const { told, availability } = states();
  const keys = new KeyRing([new SlowSecret({ kind: 'value', value: 'none' })], recorder([]), availability);
  const [early, late] = [keys.read(), keys.read()];
  reads[1]?.(keyText('a'));
  await late;
  reads[0]?.(new Error('It does not exist.'));
  await t.rejects(early);
  t.same(told, []);
  const later = keys.read();
  reads[2]?.(new Error('It does not exist.'));
  await t.rejects(later);
  t.same(told, [{ available: false, problem: 'It does not exist' }]);
});
