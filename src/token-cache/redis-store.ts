import { RedisConnection, type Send } from './redis-connection.ts';
import type { Store, Stored } from './store.ts';

/** Removes a key if its value is still this one. */
const dropIfEqual = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";
/** Gives a key that still has this value another life. */
const extendIfEqual =
  "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0";

/** A store in Redis or Valkey, 2.6.12 or newer; it uses GET, PTTL, SET, EVAL and PING. */
export class RedisStore implements Store {
  readonly #connection: RedisConnection;

  constructor(...connection: ConstructorParameters<typeof RedisConnection>) {
    this.#connection = new RedisConnection(...connection);
  }

  read(names: readonly string[]): Promise<readonly (Stored | undefined)[]> {
    return this.#connection.run((send) => Promise.all(names.map((name) => readOne(send, name))));
  }

  async write(name: string, text: string, lifeMs: number): Promise<void> {
    await this.#connection.run((send) => send('SET', name, text, 'PX', String(lifeMs)));
  }

  async drop(name: string, text: string): Promise<void> {
    await this.#connection.run((send) => send('EVAL', dropIfEqual, '1', name, text));
  }

  async lock(name: string, owner: string, forMs: number): Promise<boolean> {
    const answer = await this.#connection.run((send) => send('SET', name, owner, 'NX', 'PX', String(forMs)));
    return answer === 'OK';
  }

  async extend(name: string, owner: string, forMs: number): Promise<void> {
    await this.#connection.run((send) => send('EVAL', extendIfEqual, '1', name, owner, String(forMs)));
  }

  unlock(name: string, owner: string): Promise<void> {
    return this.drop(name, owner);
  }

  async close(): Promise<void> {
    this.#connection.close();
  }
}

async function readOne(send: Send, name: string): Promise<Stored | undefined> {
  const [text, left] = await Promise.all([send('GET', name).catch(nothingOfOurs), send('PTTL', name)]);
  // PTTL is -2 without a key and -1 without an end, which nothing of ours is.
  return typeof text === 'string' && typeof left === 'number' && left > 0 ? { text, leftMs: left } : undefined;
}

/** Something else under our name, which the next write replaces. */
function nothingOfOurs(error: unknown): undefined {
  if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return undefined;
  throw error;
}
