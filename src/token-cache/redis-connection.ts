import { isIP } from 'node:net';
import { rootCertificates } from 'node:tls';
import { rememberSecret, type Secret } from '../config/secret.ts';
import type { Availability } from './availability.ts';
import { StoreUnavailable } from './store.ts';

/** How a Redis is reached. */
export interface RedisAddress {
  /** `redis://` or `rediss://`, perhaps with user name and password; read again for each connection. */
  readonly url: Secret;
  /** PEM texts besides the well-known authorities, for rediss. */
  readonly ca: readonly string[] | undefined;
}

/** Milliseconds. */
export interface RedisPatience {
  /** To connect, TLS and password included. */
  readonly connectMs: number;
  /** For the answer to a command. */
  readonly commandMs: number;
  /** The first and the longest pause before another attempt to connect; each is cut by up to a half at random. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

/** A token is waited for meanwhile: longer than a Redis nearby ever takes, shorter than anybody's own time-out. */
export const redisPatience: RedisPatience = {
  connectMs: 2_000,
  commandMs: 1_000,
  firstPauseMs: 500,
  longestPauseMs: 5_000,
};

/** Sends one command. */
export type Send = (...words: readonly string[]) => Promise<unknown>;

/** The part of the client that is used. */
interface Client {
  readonly sendCommand: (words: readonly string[]) => Promise<unknown>;
  readonly destroy: () => void;
}

/**
 * One connection to Redis, made again by itself. While there is none every command fails at once: a Redis that is down
 * costs the one who finds out a time-out, and nobody else anything.
 */
export class RedisConnection {
  readonly #address: RedisAddress;
  readonly #random: () => number;
  readonly #availability: Availability;
  readonly #patience: RedisPatience;
  #client: Client | undefined;
  /** The attempt to connect that is under way; never rejects. */
  #attempt: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #problem: string | undefined;
  #closed = false;

  constructor(
    address: RedisAddress,
    random: () => number,
    availability: Availability,
    times: RedisPatience = redisPatience,
  ) {
    this.#address = address;
    this.#random = random;
    this.#availability = availability;
    this.#patience = times;
    this.#connect();
  }

  /**
   * Sends commands; waits for the first attempt to connect, not for later ones.
   * @throws StoreUnavailable
   */
  async run<T>(commands: (send: Send) => Promise<T>): Promise<T> {
    if (this.#failures === 0) await this.#attempt;
    const client = this.#client;
    if (client === undefined) throw new StoreUnavailable(this.#problem ?? 'it is closed');
    try {
      return await within(
        this.#patience.commandMs,
        commands((...words) => client.sendCommand(words)),
      );
    } catch (error) {
      if (this.#client === client) this.#lost(error);
      throw new StoreUnavailable(wordsOf(error), { cause: error });
    }
  }

  /** Ends it for good. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#drop();
  }

  #connect(): void {
    this.#attempt = this.#connected().catch((error) => this.#lost(error));
  }

  async #connected(): Promise<void> {
    const url = await this.#address.url.read();
    const client = await open(url, this.#address.ca, this.#patience.connectMs, (error) => {
      if (this.#client === client) this.#lost(error);
    });
    try {
      await within(this.#patience.connectMs, client.connect());
      // A Redis that is still loading its data takes connections, and refuses commands.
      await within(this.#patience.commandMs, client.sendCommand(['PING']));
    } catch (error) {
      client.destroy();
      throw error;
    }
    if (this.#closed) return client.destroy();
    this.#client = client;
    this.#failures = 0;
    this.#attempt = undefined;
    this.#tell(undefined);
  }

  #lost(error: unknown): void {
    if (this.#closed) return;
    this.#drop();
    const { firstPauseMs, longestPauseMs } = this.#patience;
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    this.#timer = setTimeout(() => this.#connect(), pauseMs * (1 - 0.5 * this.#random()));
    this.#timer.unref();
    this.#tell(wordsOf(error));
  }

  /** There is one connection at a time, so that its news come in their order. */
  #tell(problem: string | undefined): void {
    this.#problem = problem;
    this.#availability.attempt('connection')(problem);
  }

  #drop(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.destroy();
  }
}

/** A client that is not connected yet; the package is loaded here and nowhere else. */
async function open(
  url: string,
  ca: readonly string[] | undefined,
  connectTimeout: number,
  onError: (error: unknown) => void,
): Promise<Client & { readonly connect: () => Promise<unknown> }> {
  // CommonJS: in the bundle (packaging/bundle.ts) its names are there by way of default only
  const { createClient } = (await import('@redis/client')).default;
  if (!URL.canParse(url)) throw new Error('its URL is not one');
  const { password, hostname } = new URL(url);
  rememberSecret(decodeURIComponent(password));
  const client = createClient({
    url,
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    socket: {
      connectTimeout,
      reconnectStrategy: false,
      ...(ca === undefined ? {} : { ca: [...rootCertificates, ...ca] }),
      ...(isIP(hostname.replace(/^\[|\]$/g, '')) === 0 ? { servername: hostname } : {}),
    },
  });
  client.on('error', onError);
  return client;
}

/** The promise's result, or an error after so many milliseconds. What has arrived while the process was busy still counts. */
function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error(`it did not answer within ${ms} ms`));
    // Timers come before input: one turn later what was waiting on the socket has been read.
    const timer = setTimeout(() => setImmediate(late), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** In words for the log, on one line; an error reply of Redis says what it is about. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed';
  // Several addresses that all failed: the first speaks for them.
  const [first] = error instanceof AggregateError ? error.errors : [error];
  const text = first instanceof Error ? first.message : error.message;
  return text.replace(/\s+/g, ' ').slice(0, 200) || error.name;
}
