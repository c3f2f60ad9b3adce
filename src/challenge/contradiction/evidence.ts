import type { KeyEvidence } from '../../token/key-evidence.ts';
import type { UnverifiedJwt } from '../../token/unverified-jwt.ts';
import type { ApiCodes, ConsoleWords } from '../api-codes.ts';
import type { Expectation } from '../expectation.ts';
import type { ChallengeClass, Profile } from '../policy.ts';

/** What is known of the API and the issuer before there is a token. */
export interface Yardstick {
  /** The credential's `expect`. */
  readonly expect?: Expectation | undefined;
  /** Issuer of the credential's configuration, whose metadata names it too (RFC 8414 §3.3). */
  readonly issuer?: string | undefined;
  /** The credential's preset, for the words of that identity provider: entra, okta … */
  readonly idp?: string | undefined;
}

/** Everything that a token is compared with; what is unknown is left out. */
export interface Evidence extends Yardstick {
  /** The token itself: taken apart, and cut out of whatever is printed. */
  readonly token: string;
  readonly profile: Profile;
  /** This machine's wall clock, epoch milliseconds. */
  readonly nowMs: number;
  readonly keys?: KeyEvidence | undefined;
  /** How the API answered this token; undefined = it was not sent. */
  readonly answer?: TokenAnswered | undefined;
  readonly clocks?: Clocks | undefined;
}

/** The API's answer to a request with the token. */
export interface TokenAnswered {
  readonly status: number;
  /** What the code says about the token (classify). */
  readonly class: ChallengeClass;
  /** The API's own sentence, as it came. */
  readonly text?: string | undefined;
  /** `scope` of an insufficient_scope challenge (RFC 6750 §3.1): what the request needs. */
  readonly neededScope?: string | undefined;
  /** An answer before this one showed that the API took this very token. */
  readonly acceptedBefore?: boolean | undefined;
}

/** Seconds that other clocks are ahead of this machine's, from their Date fields; negative = behind; undefined = unknown. */
export interface Clocks {
  readonly apiAheadSeconds?: number | undefined;
  readonly idpAheadSeconds?: number | undefined;
}

/** The evidence of one JWT, opened for the comparisons. */
export interface OpenedEvidence extends Evidence {
  readonly jwt: UnverifiedJwt;
  readonly api: ApiCodes;
  readonly words: ConsoleWords;
  /** A value of the token or of the API, quoted, cut, without the token in it. */
  readonly quote: (value: unknown) => string;
  /** What this identity provider calls the setting, as a whole sentence with a space before it; empty = nothing is known. */
  readonly atIdp: (topic: IdpTopic) => string;
}

/** What identity providers have a setting for. */
export type IdpTopic = 'form' | 'type' | 'issuer' | 'audience' | 'algorithm' | 'principal' | 'scope';
