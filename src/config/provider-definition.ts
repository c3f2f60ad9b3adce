import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { TokenProvider } from '../token/provider.ts';
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
  /** Makes the provider; does no I/O. */
  create(options: O, context: ProviderContext): TokenProvider;
  /** Checks that need more than one option, or the upstreams of the routes that use the credential. */
  lint?(options: O, usage: Usage): readonly Lint[];
  /** The values of `preset` in its credentials. */
  readonly presets?: Readonly<Record<string, CredentialPreset<O>>>;
}
