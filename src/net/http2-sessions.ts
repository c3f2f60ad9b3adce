import type { ClientHttp2Session } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { type ConnectorSettings, createConnector } from './connector.ts';
import type { Connect } from './direct-connection.ts';

/** A connection that speaks HTTP/2, and what it carries. */
export interface Http2Connection {
  readonly session: ClientHttp2Session;
  /** Streams that are open. */
  streams: number;
  /** An earlier stream was opened on it. */
  used: boolean;
}

/** How the HTTP/2 connections to one upstream are made, and how many. */
export interface Http2Settings extends ConnectorSettings {
  readonly connectTimeoutMs: number;
  readonly connections: number;
  /** Milliseconds after which a connection takes no further request. */
  readonly longestUseMs: number;
}

/** Milliseconds without a stream after which a connection is closed: longer ones are cut by what is on the way, without a word. */
const idleMs = 30_000;
/** Milliseconds for which an upstream that did not take HTTP/2 is not offered it again. */
const refusedMs = 600_000;

/** The HTTP/2 connections to one upstream, on node:http2. */
export class Http2Sessions {
  readonly #origin: URL;
  readonly #limit: number;
  readonly #longestUseMs: number;
  readonly #connect: Connect;
  readonly #open = new Set<Http2Connection>();
  #opening: Promise<Http2Connection | undefined> | undefined;
  #refusedUntilMs = 0;
  #closed = false;

  constructor(origin: string, settings: Http2Settings) {
    this.#origin = new URL(origin);
    this.#limit = settings.connections;
    this.#longestUseMs = settings.longestUseMs;
    this.#connect = createConnector({ ...settings, http2: true }, settings.connectTimeoutMs);
  }

  /**
   * A connection with room for a stream; one is opened where there is none. When all are full and there may be no more,
   * the one with the fewest streams, on which the stream waits for its turn.
   * @returns undefined = the upstream does not speak HTTP/2. @throws what the connector reports
   */
  connection(): Http2Connection | Promise<Http2Connection | undefined> | undefined {
    let least: Http2Connection | undefined;
    for (const one of this.#open) {
      // it is ending, and says so in an event that is still to come
      if (one.session.closed || one.session.destroyed) continue;
      if (least === undefined || one.streams < least.streams) least = one;
    }
    if (least !== undefined) {
      const most = least.session.remoteSettings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
      if (least.streams < most || this.#open.size >= this.#limit) return least;
    } else if (performance.now() < this.#refusedUntilMs) return undefined;
    this.#opening ??= this.#dial().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  /** Ends each connection when its streams are over. */
  closeWhenIdle(): void {
    this.#closed = true;
    for (const { session } of this.#open) session.close();
  }

  /** Ends every connection. */
  close(): void {
    this.#closed = true;
    for (const { session } of this.#open) session.destroy();
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
    const connection: Http2Connection = { session: await openSession(this.#origin, socket), streams: 0, used: false };
    this.#keep(connection);
    return connection;
  }

  #keep(connection: Http2Connection): void {
    const { session } = connection;
    const leave = (): void => {
      this.#open.delete(connection);
    };
    const old = setTimeout(() => {
      leave();
      session.close();
    }, this.#longestUseMs);
    old.unref();
    // each stream hears of it too and has the words for its caller
    session.on('error', leave);
    session.on('close', () => {
      clearTimeout(old);
      leave();
    });
    // Node lets the streams that are under way come to their end
    session.on('goaway', leave);
    session.setTimeout(idleMs, () => {
      if (connection.streams > 0) return;
      leave();
      session.close();
    });
    if (this.#closed) session.close();
    else this.#open.add(connection);
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
