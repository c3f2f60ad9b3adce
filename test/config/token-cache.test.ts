import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ConfigurationError } from '../../src/config/configuration-error.ts';
import { effectiveOptions } from '../../src/config/effective.ts';
import { type Loaded, loadConfig } from '../../src/config/load.ts';
import { providers } from '../../src/provider/index.ts';

const key = 'K3y-of-at-least-thirty-two-characters-in-all';
const rest = `
upstream: https://acme.example.com
credential: { tokenEndpoint: https://idp.example.com/token, clientId: app, clientSecret: s3cret-value }
`;
const folder = t.testdir({ 'cache-key': `${key}\n`, 'short-key': 'too short\n' });

function load(text: string, env: Record<string, string> = {}): Loaded {
  writeFileSync(join(folder, 'x.yaml'), text);
  return loadConfig({ file: 'x.yaml', env, flags: {}, cwd: folder, home: undefined, providers });
}

t.test('every form of tokens.cache', async (t) => {
  const cacheOf = (text: string, env?: Record<string, string>) => load(`${text}${rest}`, env).config.tokens.cache;
  t.strictSame(cacheOf(''), { kind: 'memory' });
  t.strictSame(cacheOf('tokens: { cache: memory }'), { kind: 'memory' });
  const redis = cacheOf('tokens: { cache: { redis: "rediss://u:p@h:1/2", key: { file: ./cache-key } } }');
  t.match(redis, { kind: 'redis', ca: undefined });
  t.equal(redis.kind === 'redis' && (await redis.url.read()), 'rediss://u:p@h:1/2');
  t.equal(redis.kind === 'redis' && (await redis.keys[0]?.read()), key);
  const file = cacheOf(`tokens: { cache: { file: ./tokens, key: [{ file: ./cache-key }, "${key}2"] } }`);
  t.match(file, { kind: 'file', path: join(folder, 'tokens') });
  t.equal(file.kind === 'file' && file.keys.length, 2);
  const set = { BEARERD_TOKENS_CACHE_REDIS: 'redis://h', BEARERD_TOKENS_CACHE_KEY_FILE: './cache-key' };
  t.match(cacheOf('', set), { kind: 'redis' });
});

const made = 'make one with: openssl rand -base64 32';
for (const [what, cache, said] of [
  ['another word', 'disk', /tokens\.cache: is not a place for tokens; write memory, \{ redis: URL, key/],
  ['no key', '{ redis: redis://h }', /tokens\.cache\.redis: has no key to encrypt with; .*openssl rand -base64 32/],
  ['a key alone', '{ key: { file: ./cache-key } }', /tokens\.cache\.key: has nothing to encrypt; write redis: URL or/],
  ['both places', `{ redis: redis://h, file: ./t, key: ${key} }`, /tokens\.cache\.file: stands beside redis; keep one/],
  [
    'a short key',
    '{ file: ./t, key: { file: ./short-key } }',
    `x.yaml:1:36: tokens.cache.key: has 9 characters, which is too short for an encryption key; ${made}`,
  ],
  ['a second key that is short', `{ file: ./t, key: [${key}, abc] }`, /tokens\.cache\.key\[1\]: has 3 characters/],
  ['no key in the list', '{ file: ./t, key: [] }', `x.yaml:1:36: tokens.cache.key: is an empty list; ${made}`],
  ['a key file that is not there', '{ file: ./t, key: { file: ./none } }', /none does not exist/],
  [
    'the URL of something else',
    `{ redis: "http://u:geheim@h", key: ${key} }`,
    /redis: is not the URL of a Redis; write redis:\/\/ or rediss/,
  ],
  ['a host alone', `{ redis: localhost, key: ${key} }`, /redis: is not the URL of a Redis/],
  ['a misspelt key', `{ reddis: redis://h, key: ${key} }`, /reddis: is not a known key; did you mean 'redis'/],
  ['an authority for a file', `{ file: ./t, key: ${key}, tls: { ca: ./ca.pem } }`, /ca/],
  ['no path', `{ file: , key: ${key} }`, /tokens\.cache\.file: has no value/],
] as const) {
  t.test(`tokens.cache with ${what}: place and cure`, async (t) => {
    try {
      load(`tokens: { cache: ${cache} }${rest}`);
      t.fail('was accepted');
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      if (typeof said === 'string') t.equal(error.message, said);
      else t.match(error.message, said);
      t.notMatch(error.message, /geheim|thirty-two/);
    }
  });
}

t.test('what is printed of it shows neither the key nor the password', async (t) => {
  const loaded = load(`tokens: { cache: { redis: "redis://:geheim@h", key: [{ file: ./cache-key }, ${key}] } }${rest}`);
  const shown = JSON.stringify(effectiveOptions(loaded));
  t.match(shown, /"tokens\.cache\.redis","value":"‹set, 17 characters›"/);
  t.match(shown, /‹from file \.\/cache-key›, ‹set, 44 characters›/);
  t.notMatch(shown, /geheim|thirty-two/);
  t.match(JSON.stringify(effectiveOptions(load(rest))), /"tokens\.cache","value":"memory","origin":"default"/);
});

t.test('processes that get the same token have the same name for it, wherever their secret is', async (t) => {
  const nameOf = (credential: string) =>
    load(`upstream: https://a.example.com\ncredential: { ${credential} }`).config.credentials[0]?.sharedName;
  const idp = 'tokenEndpoint: https://idp.example.com/token, clientId: app';
  const name = nameOf(`${idp}, clientSecret: s3cret-value`);
  t.match(name, /^[\da-f]{64}$/);
  t.equal(nameOf(`${idp}, clientSecret: { file: ./cache-key }, timeout: 3s, maxTokenRequests: 5/1m`), name);
  t.not(nameOf(`${idp}, clientSecret: s3cret-value, scope: a`), name);
  t.not(nameOf(`${idp}2, clientSecret: s3cret-value`), name);
  t.equal(nameOf('provider: static, token: abcdefgh'), undefined, 'a token of this machine is for nobody else');
  t.equal(nameOf('provider: file, path: ./cache-key'), undefined);
  t.equal(nameOf('provider: command, command: [true]'), undefined);
});
