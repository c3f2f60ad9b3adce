import type { Expectation } from '../challenge/expectation.ts';
import type { OwnRule } from '../challenge/policy.ts';
import type { TokenProvider } from '../token/provider.ts';
import type { Quota } from '../token/quota.ts';
import type { AllowRule } from './allow-rule.ts';
import type { EgressProxy } from './option/egress-proxy.ts';
import type { CacheConfig } from './option/token-cache.ts';
import type { Enquiry, ProviderContext, UsedUp } from './provider-definition.ts';
import type { Secret } from './secret.ts';

/** Where a listener listens; a Unix socket's path is absolute, `fd` is a listening socket that the parent has opened. */
export type ListenAddress = (
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'fd'; readonly fd: number }
) & {
  /** Only TLS is spoken there; undefined = plain HTTP. */
  readonly tls?: ListenTls | undefined;
};

/** What a TLS listener shows and asks for. */
export interface ListenTls {
  /** Its certificate with the chain; PEM text. */
  readonly cert: string;
  readonly key: Secret;
  /** Authorities of which every caller must have a certificate, PEM texts; undefined = callers need none. */
  readonly clientCa?: readonly string[] | undefined;
}

/** The whole configuration, every default filled in. Durations are milliseconds, sizes bytes. */
export interface Config {
  readonly listen: readonly ListenAddress[];
  readonly admin: ListenAddress | 'off';
  /** false = the default address, which may move to the next free port. */
  readonly adminChosen: boolean;
  readonly log: LogConfig;
  /** Milliseconds that a stop waits for what is in flight. */
  readonly drainTimeout: number;
  readonly limits: {
    /** Milliseconds for the head of a request. */
    readonly headersTimeout: number;
    /** Bytes of the header section of a request. */
    readonly headersSize: number;
    /** Field lines of the header section of a request. */
    readonly headersCount: number;
    /** Client connections at a time, per listener. */
    readonly connections: number;
    /** Connections to one upstream at a time. */
    readonly upstreamConnections: number;
    /** Requests that may wait for a connection to one upstream. */
    readonly queue: number;
  };
  readonly guard: {
    /** Host names, any port; IPv6 addresses in brackets. */
    readonly allowedHosts: readonly string[];
    /** Origins such as `https://app.example.com`. */
    readonly allowedOrigins: readonly string[];
    /** undefined = none is asked for. */
    readonly localKey?: Secret | undefined;
    /** Name of the field that carries it; undefined = Bearerd-Key. */
    readonly localKeyHeader?: string;
  };
  /** undefined, or neither of the two = there is no audit log. */
  readonly audit?: {
    /** Absolute path. */
    readonly file?: string | undefined;
    readonly stream?: 'stdout' | 'stderr' | undefined;
  };
  readonly tokens: {
    /** First tokens at start. */
    readonly eager: boolean;
    /** Where they are kept besides the memory. */
    readonly cache: CacheConfig;
  };
  readonly routes: readonly RouteConfig[];
  readonly credentials: readonly CredentialConfig[];
}

/** How much is logged and how. */
export interface LogConfig {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** auto = pretty on a terminal, JSON otherwise. */
  readonly format: 'auto' | 'json' | 'pretty';
  /** One line per request. */
  readonly access: boolean;
}

/** What requests below a path become. */
export interface RouteConfig {
  readonly name: string;
  /** Starts with `/`; no slash at its end except when it is `/`. */
  readonly path: string;
  /** Addresses of this route alone; undefined = the common ones. */
  readonly listen: readonly ListenAddress[] | undefined;
  readonly websocket: boolean;
  /** undefined = every method and path. */
  readonly allow?: readonly AllowRule[] | undefined;
  /** GET, HEAD and OPTIONS only; undefined = false. */
  readonly readOnly?: boolean;
  /** http or https URL without query, fragment, user name; a path is kept, without slash at its end. */
  readonly upstream: string;
  readonly preset: 'collibra' | 'collaborate' | 'none';
  /** Name of a credential. */
  readonly credential: string;
  readonly authorization: 'replace' | 'keep' | 'reject';
  readonly on401: 'explain' | 'passthrough';
  readonly challenge: readonly OwnRule[];
  readonly replay: {
    /** Bytes; 0 = bodies are never repeated. */
    readonly maxBody: number;
  };
  /** Milliseconds; 0 = no limit. */
  readonly timeouts: { readonly connect: number; readonly headers: number; readonly idle: number };
  readonly tls: {
    /** PEM texts besides the well-known authorities; undefined = the system's only. */
    readonly ca: readonly string[] | undefined;
    /** A client certificate in PEM and its key. */
    readonly cert?: Secret | undefined;
    readonly key?: Secret | undefined;
    /** undefined = the host of the upstream's URL. */
    readonly serverName?: string | undefined;
    readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
    /** Any certificate will do. */
    readonly insecureSkipVerify?: boolean | undefined;
  };
  /** undefined = none. */
  readonly egressProxy?: EgressProxy | undefined;
  readonly insecureHttp: boolean;
  /** `GET /path`, without the upstream's base path. */
  readonly probe: string | undefined;
  readonly headers: { readonly set: Readonly<Record<string, string>>; readonly remove: readonly string[] };
  readonly cookies: 'rewrite' | 'keep' | 'drop';
  /** HTTP/2 is offered to the upstream; undefined = it is not. */
  readonly http2?: boolean | undefined;
}

/** A way to get tokens, ready to be made. */
export interface CredentialConfig {
  readonly name: string;
  /** The provider's kind: `client-credentials`, `collaborate`, … */
  readonly kind: string;
  /** The kind of identity provider that the user named: entra, okta …; undefined = none. */
  readonly preset?: string | undefined;
  /** What the API is configured to accept; undefined = nothing is said. */
  readonly expect?: Expectation | undefined;
  /** undefined = as many token requests as are needed. */
  readonly maxTokenRequests?: Quota | undefined;
  /** sha256 (hex) over the provider's kind and all options, secrets by their fingerprint: equal means the same token request. */
  readonly fingerprint: string;
  /**
   * The same (hex) without what differs between processes that get the same token, such as where the client secret is
   * read from; undefined = the token comes from this machine and is for nobody else.
   */
  readonly sharedName?: string | undefined;
  /** Files of its secrets and certificates, absolute; undefined = none. */
  readonly files?: readonly string[];
  /** What its token requests use up; undefined = nothing. */
  readonly usesUp?: UsedUp | undefined;
  /** Any certificate of its token endpoint will do. */
  readonly insecureSkipVerify?: boolean;
  /** What can be asked about it besides a token; undefined = nothing. */
  readonly enquiry?: Enquiry | undefined;
  /** Makes the provider; does no I/O. */
  create(context: ProviderContext): TokenProvider;
}
