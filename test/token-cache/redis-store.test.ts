import t, { type Test } from 'tap';
import { RedisStore } from '../../src/token-cache/redis-store.ts';
import { StoreUnavailable } from '../../src/token-cache/store.ts';
import { type Misdeed, startRedis, type TestRedis } from '../support/redis-server.ts';
import { tlsText } from '../support/test-certificates.ts';
import { secretOf, states, until } from './support.ts';

/** Generous: client and server are both in this process, and a busy machine may let it stand still. */
const patience = { connectMs: 5_000, commandMs: 1_500, firstPauseMs: 20, longestPauseMs: 40 };

/** A store on a Redis of the test. */
async function storeOn(t: Test, redis: TestRedis, url = redis.url) {
  const { told, availability } = states();
  const store = new RedisStore({ url: secretOf(url), ca: undefined }, Math.random, availability, patience);
  t.teardown(async () => {
    await store.close();
    await redis.stop();
  });
  return { store, told };
}

t.test('it keeps, ends and drops entries, and locks', async (t) => {
  const redis = await startRedis();
  const { store, told } = await storeOn(t, redis);
  t.strictSame(await store.read(['a', 'b']), [undefined, undefined]);
  await store.write('a', 'text', 60_000);
  const [a, b] = await store.read(['a', 'b']);
  t.equal(a?.text, 'text');
  t.ok(a?.leftMs !== undefined && a.leftMs > 50_000 && a.leftMs <= 60_000, 'by the clock of Redis');
  t.equal(b, undefined);
  await store.drop('a', 'another');
  t.ok((await store.read(['a']))[0], 'another text is not dropped');
  await store.drop('a', 'text');
  t.equal((await store.read(['a']))[0], undefined);
  t.equal(await store.lock('l', 'me', 60_000), true);
  t.equal(await store.lock('l', 'you', 60_000), false);
  await store.unlock('l', 'you');
  t.equal(await store.lock('l', 'you', 60_000), false, "somebody else's lock stays");
  await store.extend('l', 'me', 120_000);
  t.ok((redis.values.get('l')?.endsAtMs ?? 0) > Date.now() + 100_000);
  await store.extend('l', 'you', 1);
  t.equal(await store.lock('l', 'you', 60_000), false);
  await store.unlock('l', 'me');
  t.equal(await store.lock('l', 'you', 1), true);
  t.same(told, [], 'nothing to tell of');
  t.equal(redis.connections.size, 1);
});

t.test('a Redis that is not there, or goes and comes back: told once, no waiting, connected again', async (t) => {
  const redis = await startRedis();
  await redis.stop();
  const { store, told } = await storeOn(t, redis);
  await t.rejects(store.read(['a']), StoreUnavailable);
  const fromMs = performance.now();
  for (let count = 0; count < 100; count += 1) await t.rejects(store.read(['a']), StoreUnavailable);
  t.ok(performance.now() - fromMs < 2_000, 'while it is known to be down nobody waits');
  t.match(told, [{ available: false, problem: /ECONNREFUSED/ }]);
  await redis.start();
  await until(() => told.length === 2, 'the connection');
  t.same(told[1], { available: true, problem: undefined });
  await store.write('a', 'text', 60_000);
  await redis.stop();
  await until(() => told.length === 3, 'the end of the connection');
  await t.rejects(store.lock('l', 'me', 1), StoreUnavailable);
  await redis.start();
  await until(() => told.length === 4, 'the connection again');
  t.equal((await store.read(['a']))[0]?.text, 'text');
  t.equal(redis.connections.size, 1, 'one connection, not one per attempt');
});

/** What a Redis may do wrong, and what is said of it; a string is a command. */
const misdeeds: readonly (readonly [what: string, misdeed: Misdeed, problem: RegExp])[] = [
  ['it is silent', 'silence', /did not answer within 1500 ms/],
  ['it is slow', { slow: 6_000 }, /did not answer within 1500 ms/],
  ['it hangs up', 'reset', /./],
  ['it is loading', { says: '-LOADING Redis is loading the dataset in memory\r\n' }, /LOADING/],
  ['it wants a password', { says: '-NOAUTH Authentication required.\r\n' }, /NOAUTH/],
  ['it talks something else', { says: 'HTTP/1.1 400 Bad Request\r\n\r\n' }, /./],
];

for (const [what, misdeed, problem] of misdeeds) {
  t.test(`${what}: soon known, and mended when it is over`, async (t) => {
    const redis = await startRedis();
    const { store, told } = await storeOn(t, redis);
    await store.read(['a']);
    redis.misdeed = () => misdeed;
    const fromMs = performance.now();
    await t.rejects(store.read(['a']), StoreUnavailable);
    t.ok(performance.now() - fromMs < 10_000, 'nobody waits for long');
    t.match(told, [{ available: false, problem }]);
    redis.misdeed = () => undefined;
    await until(() => told.length === 2, 'a good connection');
    await store.write('a', 'text', 60_000);
    t.equal((await store.read(['a']))[0]?.text, 'text');
  });
}

t.test('answers of the wrong kind are no entries, and never more than that', async (t) => {
  const redis = await startRedis();
  const { store, told } = await storeOn(t, redis);
  for (const says of ['*2\r\n:1\r\n:2\r\n', ':7\r\n', '$0\r\n\r\n', '-WRONGTYPE Operation against a key\r\n']) {
    redis.misdeed = ([name]) => (name === 'GET' ? { says } : undefined);
    await store.write('a', 'text', 60_000);
    const [found] = await store.read(['a']);
    t.ok(found === undefined || found.text === '', JSON.stringify(says));
  }
  redis.misdeed = ([name]) => (name === 'PTTL' ? { says: '+soon\r\n' } : undefined);
  t.strictSame(await store.read(['a']), [undefined], 'an end that is no number');
  redis.misdeed = ([name]) => (name === 'SET' ? { says: ':1\r\n' } : undefined);
  t.equal(await store.lock('l', 'me', 1_000), false, 'a lock that was not granted in so many words');
  t.same(told, []);
});

t.test('user and password of the URL are sent, and not told', async (t) => {
  const redis = await startRedis();
  redis.misdeed = ([name]) => {
    if (name === 'AUTH') return { says: '-WRONGPASS invalid username-password pair\r\n' };
    return undefined;
  };
  const { store, told } = await storeOn(t, redis, redis.url.replace('//', '//bob:geheim%2Fwort@'));
  await t.rejects(store.read(['a']), StoreUnavailable);
  t.ok(redis.commands.includes('AUTH bob geheim/wort'));
  t.match(told, [{ problem: /WRONGPASS/ }]);
  t.notMatch(JSON.stringify(told), /geheim/);
});

t.test('rediss: only to a Redis whose certificate an authority of ours has signed', async (t) => {
  const redis = await startRedis({ cert: tlsText('server.pem'), key: tlsText('server.key') });
  const { told, availability } = states();
  const url = secretOf(redis.url);
  const trusting = new RedisStore({ url, ca: [tlsText('ca.pem')] }, Math.random, availability, patience);
  await trusting.write('a', 'text', 60_000);
  t.equal((await trusting.read(['a']))[0]?.text, 'text');
  t.same(told, []);
  const doubting = new RedisStore({ url, ca: undefined }, Math.random, availability, patience);
  await t.rejects(doubting.read(['a']), StoreUnavailable);
  t.match(told, [{ available: false, problem: /certificate/ }]);
  await Promise.all([trusting.close(), doubting.close(), redis.stop()]);
});

t.test('a URL that is none, and a store that was closed', async (t) => {
  const { told, availability } = states();
  const store = new RedisStore(
    { url: secretOf('redis and so on'), ca: undefined },
    Math.random,
    availability,
    patience,
  );
  await t.rejects(store.read(['a']), StoreUnavailable);
  t.match(told, [{ problem: /URL/ }]);
  t.notMatch(JSON.stringify(told), /and so on/);
  await store.close();
  await t.rejects(store.read(['a']), StoreUnavailable);
  const redis = await startRedis();
  const early = new RedisStore({ url: secretOf(redis.url), ca: undefined }, Math.random, availability, patience);
  await early.close();
  await t.rejects(early.read(['a']), StoreUnavailable);
  await until(() => redis.connections.size === 0, 'the connection to end');
  await redis.stop();
});
