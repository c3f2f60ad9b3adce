/** What an API is configured to accept of a token, as far as it is known; a missing member is not compared. */
export interface Expectation {
  /** Exactly this `iss`. */
  readonly issuer?: string | undefined;
  /** At least one of these in `aud`. */
  readonly audience?: readonly string[] | undefined;
  /** Accepted `typ` of the header, in any letter case and without `application/`; `none` stands for a token without typ. */
  readonly type?: readonly string[] | undefined;
  /** Accepted `alg` of the header. */
  readonly algorithms?: readonly string[] | undefined;
  readonly principal?: ExpectedPrincipal | undefined;
  /** URL of the key set that the API checks signatures with. */
  readonly jwks?: string | undefined;
}

/** The claim that names the API's user. */
export interface ExpectedPrincipal {
  readonly claim: string;
  /** The user's name; undefined = any. */
  readonly value?: string | undefined;
}
