import t from 'tap';
import type { AccessToken } from '../../src/token/access-token.ts';
import type { TokenWish } from '../../src/token/shared-tokens.ts';
import { CredentialTokens, type Patience } from '../../src/token-cache/credential-tokens.ts';
import type { KeyRing } from '../../src/token-cache/sealed-token.ts';
import { type Store, StoreUnavailable } from '../../src/token-cache/store.ts';
import { ring, tokenOf, until } from './support.ts';

const cold: TokenWish = { before: undefined, rejected: false, forced: false };
/** Generous: on a busy machine a lock must not end while its owner is waiting for the processor. */
const patience = { lockMs: 30_000, waitMs: 60_000, firstPauseMs: 2, longestPauseMs: 10 };
const shortLock = { ...patience, lockMs: 1_500 };
const shortWait = { ...patience, waitMs: 300 };

/** A store in memory, which can be down. */
class MemoryStore implements Store {
  readonly values = new Map<string, { readonly text: string; endsAtMs: number }>();
  down = false;
  read: Store['read'] = async (names) => {
    this.#up();
    return names.map((name) => {
      const value = this.#live(name);
      return value && { text: value.text, leftMs: value.endsAtMs - Date.now() };
    });
  };
  write: Store['write'] = async (name, text, lifeMs) => {
    this.#up();
    this.values.set(name, { text, endsAtMs: Date.now() + lifeMs });
  };
  drop: Store['drop'] = async (name, text) => {
    this.#up();
    if (this.values.get(name)?.text === text) this.values.delete(name);
  };
  lock: Store['lock'] = async (name, owner, forMs) => {
    this.#up();
    if (this.#live(name) !== undefined) return false;
    this.values.set(name, { text: owner, endsAtMs: Date.now() + forMs });
    return true;
  };
  extend: Store['extend'] = async (name, owner, forMs) => {
    this.#up();
    const value = this.#live(name);
    if (value?.text === owner) value.endsAtMs = Date.now() + forMs;
  };
  unlock: Store['unlock'] = (name, owner) => this.drop(name, owner);
  close: Store['close'] = async () => {};
  get locks(): number {
    return [...this.values.keys()].filter((name) => name.startsWith('bearerd:lock:')).length;
  }
  get tokens(): number {
    return [...this.values.keys()].filter((name) => name.startsWith('bearerd:token:')).length;
  }
  #live(name: string) {
    const value = this.values.get(name);
    return value !== undefined && value.endsAtMs > Date.now() ? value : undefined;
  }
  #up(): void {
    if (this.down) throw new StoreUnavailable('down');
  }
}

/** A process, as far as this matters. */
function replica(store: Store, keys: KeyRing = ring('a'), times: Patience = patience) {
  const pending = new Set<Promise<void>>();
  const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
  const background = (work: Promise<void>) => void pending.add(work);
  const tokens = new CredentialTokens('f00d', { store, keys, clock, random: Math.random, patience: times, background });
  return {
    obtain: (ask: () => Promise<AccessToken>, wish: TokenWish = cold) =>
      tokens.obtain(ask, wish, new AbortController().signal),
    settled: () => Promise.all(pending),
    tokens,
  };
}

/** An identity provider that counts. */
function issuer(delayMs = 30) {
  const issued: string[] = [];
  const ask = async () => {
    const value = `token${issued.length + 1}`;
    issued.push(value);
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    return tokenOf(value);
  };
  return { issued, ask };
}

t.test('twenty that start at once make one token request', async (t) => {
  const store = new MemoryStore();
  const { issued, ask } = issuer();
  const replicas = Array.from({ length: 20 }, () => replica(store));
  const got = await Promise.all(replicas.map(({ obtain }) => obtain(ask)));
  t.strictSame(issued, ['token1']);
  t.ok(got.every(({ value }) => value === 'token1'));
  t.equal(got.filter(({ shared }) => shared).length, 19, 'those that took it over know');
  await Promise.all(replicas.map(({ settled }) => settled()));
  t.equal(store.locks, 0, 'no lock is left');
});

t.test('a token that twenty see rejected is replaced by one token request', async (t) => {
  const store = new MemoryStore();
  const { issued, ask } = issuer();
  const replicas = Array.from({ length: 20 }, () => replica(store));
  const first = await Promise.all(replicas.map(({ obtain }) => obtain(ask)));
  const second = await Promise.all(
    replicas.map(async ({ obtain }, index) => {
      await new Promise((resolve) => setTimeout(resolve, index * 5));
      return obtain(ask, { before: first[index], rejected: true, forced: false });
    }),
  );
  t.strictSame(issued, ['token1', 'token2']);
  t.ok(second.every(({ value }) => value === 'token2'));
});

t.test('a rejected token is dropped only while it is the current one', async (t) => {
  const store = new MemoryStore();
  const [a, b] = [replica(store), replica(store)];
  const { issued, ask } = issuer(1);
  const first = await a.obtain(ask);
  await a.settled();
  const rejected = { before: first, rejected: true, forced: false };
  const failing = () => Promise.reject(new Error('no'));
  await t.rejects(a.obtain(failing, rejected), { message: 'no' });
  await a.settled();
  t.equal(store.tokens, 0, 'nobody else gets it');
  t.equal(store.locks, 0, 'a request that failed leaves no lock');
  await a.obtain(ask, rejected);
  await a.settled();
  t.equal((await b.obtain(ask, rejected)).value, 'token2', 'the newer one is taken, not dropped');
  t.equal(store.tokens, 1);
  t.equal(issued.length, 2);
});

t.test('a store that comes back with a token that was rejected does not hand it out again', async (t) => {
  const store = new MemoryStore();
  const { ask } = issuer(1);
  const a = replica(store);
  const first = await a.obtain(ask);
  await a.settled();
  const old = new Map(store.values);
  const second = await a.obtain(ask, { before: first, rejected: true, forced: false });
  await a.settled();
  for (const [name, value] of old) store.values.set(name, value);
  const third = await a.obtain(ask, { before: second, rejected: true, forced: false });
  t.equal(third.value, 'token3');
});

t.test('a refresh ahead takes only a token that lasts longer', async (t) => {
  const store = new MemoryStore();
  const { ask } = issuer(1);
  const a = replica(store);
  await a.obtain(ask);
  await a.settled();
  const longer = tokenOf('mine', 600_000);
  t.equal((await a.obtain(ask, { before: longer, rejected: false, forced: false })).value, 'token2');
  const shorter = tokenOf('mine', 60_000);
  await a.settled();
  t.equal((await replica(store).obtain(ask, { before: shorter, rejected: false, forced: false })).value, 'token2');
});

t.test(
  'a forced refresh asks although a good token is there, and others who force at the same time share it',
  async (t) => {
    const store = new MemoryStore();
    const { issued, ask } = issuer();
    const [a, b] = [replica(store), replica(store)];
    const first = await a.obtain(ask);
    await a.settled();
    const wish = { before: first, rejected: false, forced: true };
    const got = await Promise.all([a.obtain(ask, wish), b.obtain(ask, wish)]);
    t.strictSame(issued, ['token1', 'token2']);
    t.ok(got.every(({ value }) => value === 'token2'));
  },
);

t.test('a process that dies with the lock delays the others until it ends, no longer', async (t) => {
  const store = new MemoryStore();
  const { issued, ask } = issuer(1);
  const dead = replica(store, ring('a'), shortLock);
  let stuck = false;
  void dead.obtain(() => {
    stuck = true;
    // its lock is not extended any more
    store.extend = async () => {};
    return new Promise(() => {});
  });
  await until(() => stuck, 'the lock');
  const fromMs = performance.now();
  await replica(store, ring('a'), shortLock).obtain(ask);
  const tookMs = performance.now() - fromMs;
  t.equal(issued.length, 1);
  t.ok(tookMs > 100 && tookMs < 20_000, `${tookMs} ms`);
});

t.test('a slow answer keeps its lock; whoever waits too long asks by itself', async (t) => {
  const store = new MemoryStore();
  const slow = issuer(1_800);
  const [a, b] = [replica(store, ring('a'), shortLock), replica(store, ring('a'), shortLock)];
  const both = await Promise.all([a.obtain(slow.ask), b.obtain(slow.ask)]);
  t.equal(slow.issued.length, 1, 'longer than the lock lives, shorter than anybody waits');
  t.equal(both[1]?.value, 'token1');
  const other = new MemoryStore();
  let asked = false;
  void replica(other, ring('a'), shortWait).obtain(() => {
    asked = true;
    return new Promise(() => {});
  });
  await until(() => asked, 'the one who never ends');
  const { issued, ask } = issuer(1);
  t.equal((await replica(other, ring('a'), shortWait).obtain(ask)).value, 'token1');
  t.equal(issued.length, 1);
});

t.test('without a store each asks for itself', async (t) => {
  const store = new MemoryStore();
  store.down = true;
  const { issued, ask } = issuer(1);
  const replicas = [replica(store), replica(store)];
  await Promise.all(replicas.map(({ obtain }) => obtain(ask)));
  t.equal(issued.length, 2);
  await Promise.all(replicas.map(({ settled }) => settled()));
  const brokenAfter = new MemoryStore();
  const a = replica(brokenAfter);
  const token = await a.obtain(async () => {
    brokenAfter.down = true;
    return tokenOf('x');
  });
  t.equal(token.value, 'x', 'it breaks while the answer is out');
  await a.settled();
  const gone = replica(brokenAfter);
  await t.rejects(
    gone.obtain(() => Promise.reject(new Error('idp down'))),
    { message: 'idp down' },
  );
});

t.test('two keys: what the old one wrote is read, what is written is for the new one', async (t) => {
  const store = new MemoryStore();
  const { issued, ask } = issuer(1);
  const before = replica(store, ring('a', 'b'));
  await before.obtain(ask);
  await before.settled();
  const during = replica(store, ring('b', 'a'));
  const first = await during.obtain(ask);
  t.equal(first.value, 'token1');
  const second = await during.obtain(ask, { before: first, rejected: true, forced: false });
  await during.settled();
  t.equal((await replica(store, ring('b')).obtain(ask)).value, second.value, 'the old key is no longer needed');
  t.equal((await before.obtain(ask, { before: first, rejected: true, forced: false })).value, second.value);
  t.equal(issued.length, 2);
  t.equal((await replica(store, ring('c')).obtain(ask)).value, 'token3', 'a third key sees nothing');
});

t.test('tokens that end soon, have ended or never end are not shared', async (t) => {
  const store = new MemoryStore();
  const a = replica(store);
  const { lifetimeMs: _, ...endless } = tokenOf('endless');
  await a.obtain(async () => ({ ...endless, lifetimeMs: undefined }));
  await a.obtain(async () => tokenOf('ended', 1_000, Date.now() - 2_000));
  await a.settled();
  t.equal(store.tokens, 0);
  await a.obtain(async () => tokenOf('old', 100_000, Date.now() - 99_000));
  await a.settled();
  t.equal((await replica(store).obtain(async () => tokenOf('new'))).value, 'new', 'one in its last second is no help');
});

t.test('who stops waits for nobody', async (t) => {
  const store = new MemoryStore();
  let asked = false;
  void replica(store).obtain(() => {
    asked = true;
    return new Promise(() => {});
  });
  await until(() => asked, 'the lock');
  const stop = new AbortController();
  const { tokens } = replica(store);
  const waiting = tokens.obtain(() => Promise.reject(new Error('aborted')), cold, stop.signal);
  stop.abort();
  await t.rejects(waiting, { message: 'aborted' });
});
