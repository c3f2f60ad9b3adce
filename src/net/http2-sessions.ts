import type { TLSSocket } from 'node:tls';
import { type ConnectorSettings, createConnector } from './connector.ts';
import type { Connect } from './direct-connection.ts';
import { Http2Connection, type Http2ConnectionSettings } from './http2-connection.ts';

/** How the HTTP/2 connections to one upstream are made, and how many. */
export interface Http2Settings extends ConnectorSettings {
  readonly connectTimeoutMs: number;
  readonly connections: number;
  /** Milliseconds after which a connection takes no further request. */
  readonly longestUseMs: number;
}

/** Milliseconds for which an upstream that did not take HTTP/2 is not offered it again. */
const refusedMs = 600_000;

/** The HTTP/2 connections to one upstream, on node:http2. */
export class Http2Sessions {
  readonly #origin: URL;
  readonly #settings: Http2Settings;
  readonly #lasting: Http2ConnectionSettings;
  readonly #connect: Connect;
  readonly #open = new Set<Http2Connection>();
  #opening: Promise<Http2Connection | undefined> | undefined;
  #refusedUntilMs = 0;
  /** Connections are not kept any more. */
  #closed = false;
  /** None is opened any more either. */
  #over = false;

  constructor(origin: string, settings: Http2Settings) {
    this.#origin = new URL(origin);
    this.#settings = settings;
    this.#lasting = {
      longestUseMs: settings.longestUseMs,
      // a round trip, for which that is long enough by what the user says
      pingMs: settings.connectTimeoutMs,
      left: (connection) => this.#open.delete(connection),
    };
    this.#connect = createConnector({ ...settings, http2: true }, settings.connectTimeoutMs);
  }

  /**
   * A connection with room for a stream; one is opened where there is none. When all are full and there may be no more,
   * or no more can be had, the one with the fewest streams, on which the stream waits for its turn.
   * @returns undefined = the upstream does not speak HTTP/2. @throws what the connector reports
   */
  connection(): Http2Connection | Promise<Http2Connection | undefined> | undefined {
    const least = this.#least();
    if (least !== undefined) {
      const most = least.session.remoteSettings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
      if (least.streams < most || this.#open.size >= this.#settings.connections) return least;
    } else if (performance.now() < this.#refusedUntilMs) return undefined;
    this.#opening ??= this.#dial()
      .catch((error: unknown) => {
        const other = this.#least();
        if (other === undefined) throw error;
        return other;
      })
      .finally(() => {
        this.#opening = undefined;
      });
    return this.#opening;
  }

  /** The upstream wants HTTP/1.1 (RFC 9113 §7): nothing more is sent over HTTP/2 until it is offered again. */
  refused(): void {
    this.#refusedUntilMs = performance.now() + refusedMs;
    for (const connection of [...this.#open]) connection.retire();
  }

  /** Ends each connection when its streams are over; a request that comes yet has one of its own. */
  closeWhenIdle(): void {
    this.#closed = true;
    for (const connection of [...this.#open]) connection.retire();
  }

  /** Ends every connection. */
  close(): void {
    this.#closed = true;
    this.#over = true;
    for (const { session } of this.#open) session.destroy();
  }

  #least(): Http2Connection | undefined {
    let least: Http2Connection | undefined;
    for (const one of this.#open) {
      // it is ending, and says so in an event that is still to come
      if (one.session.closed || one.session.destroyed) continue;
      if (least === undefined || one.streams < least.streams) least = one;
    }
    return least;
  }

  async #dial(): Promise<Http2Connection | undefined> {
    const socket = await this.#socket();
    if (socket.alpnProtocol !== 'h2') {
      socket.destroy();
      this.#refusedUntilMs = performance.now() + refusedMs;
      return undefined;
    }
    // loaded with the first connection: most programs never need it
    const { openSession } = await import('./http2-session.ts');
    const session = await openSession(this.#origin, socket, this.#settings.connectTimeoutMs);
    if (this.#over) {
      session.destroy();
      throw new Error('the connection is closed');
    }
    const connection = new Http2Connection(session, socket, this.#lasting);
    // whoever waits for it has begun a stream by then, for which the connection stays
    if (this.#closed) setImmediate(() => connection.retire());
    else this.#open.add(connection);
    return connection;
  }

  #socket(): Promise<TLSSocket> {
    const { hostname, protocol, port } = this.#origin;
    const name = hostname.replace(/^\[|\]$/g, '');
    return new Promise((resolve, reject) => {
      this.#connect({ hostname: name, protocol, port }, (error, socket) => {
        if (error !== null) reject(error);
        // the connector gives a TLS socket for https, which this origin is
        else resolve(socket as TLSSocket);
      });
    });
  }
}
