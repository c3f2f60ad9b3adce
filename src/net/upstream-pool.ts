import type { TLSSocket } from 'node:tls';
import { Pool } from 'undici';
import { createConnector } from './connector.ts';
import type { ConnectionSettings } from './dispatcher.ts';
import { HeadLimit } from './head-limit.ts';
import { Http2Sessions } from './http2-sessions.ts';

/** How the connections to one upstream are made, and how many. */
export interface PoolSettings extends ConnectionSettings {
  /** Requests that may wait for a connection before more are turned away. */
  readonly queue: number;
  /** Offer HTTP/2; for https only. */
  readonly http2: boolean;
}

/** The connections to one upstream, with a bound on what may wait for them. */
export class UpstreamPool {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly dispatcher: Pool;
  /** How long response heads may take; undefined = as long as they like. */
  readonly headLimit: HeadLimit | undefined;
  /** Milliseconds between two pieces of a response body; 0 = no limit. */
  readonly idleTimeoutMs: number;
  /** undefined = HTTP/1.1 only. */
  readonly http2: Http2Sessions | undefined;
  /** One of the connections is being reported as reset right now; true only while its error is delivered. */
  resetting = false;
  /** A new connection is being handed over right now: a request that starts meanwhile starts on it. */
  connecting = false;
  readonly #limit: number;
  #pending = 0;
  #waiting = 0;

  constructor(origin: string, settings: PoolSettings) {
    this.origin = origin;
    this.#limit = settings.connections + settings.queue;
    this.headLimit = settings.headersTimeoutMs === 0 ? undefined : new HeadLimit(settings.headersTimeoutMs);
    this.idleTimeoutMs = settings.idleTimeoutMs;
    const { http2, ...connections } = settings;
    this.http2 = http2 && origin.startsWith('https:') ? new Http2Sessions(origin, connections) : undefined;
    const connect = createConnector(connections, settings.connectTimeoutMs);
    this.dispatcher = new Pool(origin, {
      connections: settings.connections,
      pipelining: 1,
      allowH2: false,
      // headLimit's, to the millisecond
      headersTimeout: 0,
      bodyTimeout: settings.idleTimeoutMs,
      connect: (options, callback) => {
        // undici connects again for a request that was broken off, before it sees that nobody wants it any more
        if (this.#waiting === 0) {
          setImmediate(callback, new Error('no request waits for a connection'), null);
          return;
        }
        connect(options, (...result) => {
          if (result[0] === null) this.#watch(result[1]);
          this.connecting = true;
          callback(...result);
          this.connecting = false;
        });
      },
    });
  }

  /** Requests begun and not over. */
  get pending(): number {
    return this.#pending;
  }

  /** Takes a place for a request; false when too many wait already. */
  admit(): boolean {
    if (this.#pending >= this.#limit) return false;
    this.#pending += 1;
    this.#waiting += 1;
    return true;
  }

  /** A request has its connection. */
  begin(): void {
    this.#waiting -= 1;
  }

  /** Gives the place back. @param begun the request had a connection */
  release(begun: boolean): void {
    this.#pending -= 1;
    if (!begun) this.#waiting -= 1;
  }

  /** Takes no new request; ends each connection when its request is over. */
  async closeWhenIdle(): Promise<void> {
    this.http2?.closeWhenIdle();
    await this.dispatcher.close();
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    this.http2?.close();
    await this.dispatcher.destroy();
  }

  /** Our listener is there before undici's own, and both are called in one go. */
  #watch(socket: TLSSocket | import('node:net').Socket): void {
    socket.on('error', () => {
      this.resetting = true;
      queueMicrotask(() => {
        this.resetting = false;
      });
    });
  }
}
