import type { ConnectorSettings } from './connector.ts';

/** How connections to one kind of peer are made. */
export interface ConnectionSettings extends ConnectorSettings {
  /** Milliseconds to establish TCP and TLS. */
  readonly connectTimeoutMs: number;
  /** Milliseconds to the response head; 0 = no limit. */
  readonly headersTimeoutMs: number;
  /** Milliseconds between two pieces of a response body; 0 = no limit. */
  readonly idleTimeoutMs: number;
  /** Connections per origin. */
  readonly connections: number;
}
