import { type ConnectorSettings, createConnector } from './connector.ts';
import { Http1Connections } from './http1/connections.ts';
import { Http2Sessions } from './http2-sessions.ts';
import { TimeLimit } from './time-limit.ts';

/** How the connections to one upstream are made, and how many. */
export interface PoolSettings extends ConnectorSettings {
  /** Milliseconds to establish TCP and TLS. */
  readonly connectTimeoutMs: number;
  /** Milliseconds to the response head; 0 = no limit. */
  readonly headersTimeoutMs: number;
  /** Milliseconds between two pieces of a response body; 0 = no limit. */
  readonly idleTimeoutMs: number;
  readonly connections: number;
  /** Requests that may wait for a connection before more are turned away. */
  readonly queue: number;
  /** Offer HTTP/2; for https only. */
  readonly http2: boolean;
}

/**
 * Milliseconds that a connection is used for at most; what it carries by then comes to its end. Under load none is ever idle, and a
 * name that leads elsewhere by now, or a renewed client certificate, would never count (nginx: keepalive_time, one hour, too).
 */
const longestUseMs = 3_600_000;

/** The connections to one upstream, with a bound on what may wait for them. */
export class UpstreamPool {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly http1: Http1Connections;
  /** How long response heads may take; undefined = as long as they like. */
  readonly headLimit: TimeLimit | undefined;
  /** How long may pass between two pieces of a response body; undefined = as long as they like. */
  readonly idleLimit: TimeLimit | undefined;
  /** The same in milliseconds; 0 = no limit. */
  readonly idleTimeoutMs: number;
  /** undefined = HTTP/1.1 only. */
  readonly http2: Http2Sessions | undefined;
  readonly #limit: number;
  #pending = 0;

  constructor(origin: string, settings: PoolSettings) {
    this.origin = origin;
    this.#limit = settings.connections + settings.queue;
    this.headLimit = limitOf(settings.headersTimeoutMs);
    this.idleLimit = limitOf(settings.idleTimeoutMs);
    this.idleTimeoutMs = settings.idleTimeoutMs;
    const { http2, ...connections } = settings;
    this.http2 =
      http2 && origin.startsWith('https:') ? new Http2Sessions(origin, { ...connections, longestUseMs }) : undefined;
    const connect = createConnector(connections, settings.connectTimeoutMs);
    this.http1 = new Http1Connections(origin, { connect, connections: settings.connections, longestUseMs });
  }

  /** Requests begun and not over. */
  get pending(): number {
    return this.#pending;
  }

  /** Takes a place for a request; false when too many wait already. */
  admit(): boolean {
    if (this.#pending >= this.#limit) return false;
    this.#pending += 1;
    return true;
  }

  /** Gives the place back. */
  release(): void {
    this.#pending -= 1;
  }

  /** Takes no new request; ends each connection when its request is over. */
  async closeWhenIdle(): Promise<void> {
    this.http2?.closeWhenIdle();
    await this.http1.closeWhenIdle();
  }

  /** Ends every connection. */
  close(): void {
    this.http2?.close();
    this.http1.close();
  }
}

function limitOf(ms: number): TimeLimit | undefined {
  return ms === 0 ? undefined : new TimeLimit(ms);
}
