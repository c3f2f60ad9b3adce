/** What the published keys say about a token; made by a KeySet, because it takes cryptography. */
export type KeyEvidence =
  /** One of the keys verifies the signature. */
  | { readonly state: 'verified'; readonly url: string }
  /** The key of this kid, or each key that could be meant, does not. */
  | { readonly state: 'bad-signature'; readonly url: string }
  /** No key has the token's kid; `withdrawn`: an earlier version of the set had it. */
  | {
      readonly state: 'unknown-kid';
      readonly url: string;
      readonly published: readonly string[];
      readonly withdrawn: boolean;
    }
  /** Published keys cannot tell: HMAC, no signature, or an algorithm that is not known here. */
  | { readonly state: 'not-applicable'; readonly why: string }
  /** The keys could not be had (yet). */
  | { readonly state: 'unavailable'; readonly url: string | undefined; readonly why: string };

/** The published keys of one issuer. */
export interface KeyExaminer {
  /**
   * Compares a token with the keys, which are asked for when they are needed. Never rejects.
   * @param waitMs milliseconds that it waits for keys that are not there yet; they are had for the next time all the same.
   */
  readonly examine: (token: string, waitMs?: number) => Promise<KeyEvidence>;
}
