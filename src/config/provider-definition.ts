import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { TokenProvider } from '../token/provider.ts';
import type { EgressProxy } from './option/egress-proxy.ts';
import type { Secret } from './secret.ts';
import type { Shape } from './shape.ts';

/** A finding about options that are each valid but make no sense together. */
export interface Lint {
  /** The option, relative to the credential: `assertionLifetime`, `tls.ca`. */
  readonly path: string;
  readonly problem: string;
  readonly cure: string;
  /** An error stops the start, a warning is only told. */
  readonly severity: 'error' | 'warning';
}

/** What a provider gets besides its options. */
export interface ProviderContext {
  readonly clock: Clock;
  readonly log: Log;
  /** The upstream URLs of the routes that use the credential, without repetitions. */
  readonly upstreams: readonly string[];
  /** An API that uses the credential (preset collibra) accepts only JWTs. */
  readonly wantsJwt: boolean;
}

/** Defaults and checks for a kind of identity provider. */
export interface CredentialPreset<O> {
  /** One sentence for the reference. */
  readonly doc: string;
  /** Values for keys that are not written, as one would write them. */
  defaults(usage: Usage): Readonly<Record<string, string>>;
  /** The mistakes that are usual with it. */
  lint(options: O): readonly Lint[];
}

/** What the routes say that use a credential. */
export interface Usage {
  /** Their upstream URLs, without repetitions. */
  readonly upstreams: readonly string[];
}

/** What `doctor` may ask about a credential besides a token. */
export interface Enquiry {
  /** As configured; undefined = the issuer's metadata names it. */
  readonly tokenEndpoint: string | undefined;
  /** As configured. */
  readonly issuer: string | undefined;
  /** Milliseconds. */
  readonly timeout: number;
  readonly tls: {
    readonly ca: readonly string[] | undefined;
    readonly cert: Secret | undefined;
    readonly key: Secret | undefined;
    readonly serverName: string | undefined;
    readonly minVersion: 'TLSv1.2' | 'TLSv1.3' | undefined;
    readonly insecureSkipVerify: boolean;
  };
  readonly egressProxy: EgressProxy | undefined;
  /** The same request with another proof of who asks, the likeliest first: only what is harmless to try out. */
  readonly alternatives: readonly Alternative[];
}

/** Another way to say who asks, with the same secret to the same token endpoint. */
export interface Alternative {
  /** What to write in the credential: `basicEncoding: raw`. */
  readonly write: string;
  create(context: ProviderContext): TokenProvider;
}

/** A secret that the token requests of one credential use up, such as a refresh token that is rotated (RFC 6749 §6). */
export interface UsedUp {
  /** The option, relative to the credential: `refreshToken.file`. */
  readonly path: string;
  readonly secret: Secret;
}

/** A way to get tokens: one file in provider/ and one line in its list. */
export interface ProviderDefinition<O> {
  /** The value of `provider` in a credential. */
  readonly kind: string;
  /** One sentence for the reference. */
  readonly doc: string;
  /** Its options, without `provider`. */
  readonly schema: Shape<O>;
  /** Keys of which at least one has to be written, the one to name first. */
  readonly oneOf?: readonly [string, ...string[]];
  /** Equal options get a token that any process may use: it may be put into a cache that others share. */
  readonly shareable?: true;
  /** Makes the provider; does no I/O. */
  create(options: O, context: ProviderContext): TokenProvider;
  /** Checks that need more than one option, or the upstreams of the routes that use the credential. */
  lint?(options: O, usage: Usage): readonly Lint[];
  /** The file that each token request may replace by another content; absent = there is none. */
  usesUp?(options: O): UsedUp;
  /** What can be asked about a credential; absent = only its token can. */
  enquiry?(options: O, usage: Usage): Enquiry;
  /** The values of `preset` in its credentials. */
  readonly presets?: Readonly<Record<string, CredentialPreset<O>>>;
}
