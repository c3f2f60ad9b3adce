import { BearerdError } from '../errors.ts';
import type { AccessToken } from './access-token.ts';

/** Gets one new access token per call; the token source decides when to call. */
export interface TokenProvider {
  /**
   * Asks for a new access token.
   * @param signal aborts the request (shutdown, or the credential's own time-out).
   * @throws TokenRequestError on every failure, so that its kind decides the back-off.
   */
  readonly requestToken: (signal: AbortSignal) => Promise<AccessToken>;
  /**
   * Whether a secret reads differently now than at the last token request: then a failed one is worth repeating at once
   * (wire facts 4.3). Cheap, never throws. Absent where there is nothing to compare.
   */
  readonly secretsChanged?: () => Promise<boolean>;
  /** Present where each caller has a token of its own; requestToken then always fails. */
  readonly subjects?: SubjectTokenRequests;
  /** The issuer of its tokens, for explanations only; absent where there is nobody to ask (a file, a command). */
  readonly issuer?: IssuerContact;
  /** Ends what the provider holds open (connections); never throws. Absent where there is nothing. */
  readonly close?: () => Promise<void>;
}

/** How to ask the issuer of a provider's tokens for what it publishes. Used to explain refusals, never to admit anything. */
export interface IssuerContact {
  /** As configured; undefined = only a token endpoint is known. */
  readonly name: string | undefined;
  /**
   * What its metadata says; undefined = nobody says who the issuer is.
   * @param iss of a token: names the issuer where none is configured, if it is of the token endpoint's own origin
   * @throws TokenRequestError
   */
  readonly metadata: (iss: string | undefined, signal: AbortSignal) => Promise<IssuerFacts | undefined>;
  /** GETs a document: certificates verified, redirects not followed, the size bounded. @throws TokenRequestError */
  readonly get: (url: string, signal: AbortSignal) => Promise<IssuerDocument>;
}

/** What an issuer says about itself (RFC 8414 §2). */
export interface IssuerFacts {
  readonly tokenEndpoint: string;
  /** Where its keys are; undefined = it does not say. */
  readonly jwksUri: string | undefined;
}

/** A document of an issuer. */
export interface IssuerDocument {
  readonly status: number;
  /** Names in any case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

/** Token requests in the name of the caller, who is known by what a header field of the request says. */
export interface SubjectTokenRequests {
  /** Lower-case name of the request header field that has the subject token; it goes no further. */
  readonly header: string;
  /** As requestToken, for the subject whose token this is. */
  readonly requestToken: (subjectToken: string, signal: AbortSignal) => Promise<AccessToken>;
}

/** Facts of a failed token request. */
export interface TokenRequestFailure {
  /** transient: worth trying again soon; permanent: somebody has to change something (wire facts 4.3). */
  readonly kind: 'transient' | 'permanent';
  /** The token endpoint's error code, or http_NNN, invalid_token_response, unexpected_redirect, unsupported_token_type, timeout, unreachable, aborted, secret_unreadable, invalid_signing_key, invalid_client_certificate, issuer_mismatch, invalid_metadata, no_token_endpoint, quota, expired_token. */
  readonly reason: string;
  /**
   * From a provider: milliseconds to wait as asked by Retry-After (RFC 9110 §10.2.3).
   * From a token source: milliseconds until it will ask again.
   */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
  /** Replaces the catalog's next step where something more exact is known. */
  readonly action?: string;
  /** Stable name of what is odd about the request and probably the reason: secret_has_whitespace, client_id_has_colon, key_and_secret_exchanged, assertion_too_far_ahead. */
  readonly suspicion?: string;
}

/** A token request that failed; its message says what was asked and what was answered, without secrets. */
export class TokenRequestError extends BearerdError {
  override readonly name: string = 'TokenRequestError';
  readonly failure: TokenRequestFailure;

  constructor(detail: string, failure: TokenRequestFailure) {
    super(failure.kind === 'transient' ? 'BEARERD_TOKEN_UNAVAILABLE' : 'BEARERD_TOKEN_REFUSED', detail, {
      ...(failure.cause === undefined ? {} : { cause: failure.cause }),
      ...(failure.action === undefined ? {} : { action: failure.action }),
      // A permanent failure is a 502 without Retry-After (interface section 5).
      ...(failure.retryAfterMs === undefined || failure.kind === 'permanent'
        ? {}
        : { retryAfterSeconds: Math.max(1, Math.ceil(failure.retryAfterMs / 1000)) }),
    });
    this.failure = failure;
  }
}
