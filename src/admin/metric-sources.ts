import type { Tally } from './tally.ts';

/** The token that a credential holds now. */
export interface TokenGauge {
  readonly credential: string;
  /** Milliseconds since it was handed over. */
  readonly ageMs: number;
  /** Milliseconds until it may no longer be sent; undefined = it never expires. */
  readonly remainingMs: number | undefined;
}

/** Whether a credential can serve a request now. */
export interface CredentialGauge {
  readonly credential: string;
  readonly usable: boolean;
}

/** Whether the certificates of the server of a route or credential are verified. */
export interface CertificateGauge {
  readonly kind: 'route' | 'credential';
  readonly name: string;
  /** Any certificate will do. */
  readonly skipped: boolean;
}

/** What the metrics are read from at the moment of a scrape. */
export interface MetricSources {
  readonly tally: Tally;
  /** Tokens that are held; a credential without one is left out. */
  readonly tokens: () => readonly TokenGauge[];
  readonly credentials: () => readonly CredentialGauge[];
  /** Connections of clients that are open. */
  readonly connections: () => { readonly proxy: number; readonly admin: number; readonly webSockets: number };
  /** memory = nothing is shared. */
  readonly tokenCache: () => { readonly kind: 'memory' | 'redis' | 'file'; readonly available: boolean };
  readonly certificates: () => readonly CertificateGauge[];
  readonly about: { readonly version: string; readonly node: string };
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
}
