import { createHash } from 'node:crypto';

/** Why a token that verifies is refused all the same. */
export type Withdrawal = 'revoked' | 'expired';

const forgottenAbove = 10_000;

/** Which tokens an API has seen, and which of them were withdrawn on request. */
export class IssuedTokens {
  readonly #nowMs: () => number;
  #seen = new Set<string>();
  #withdrawn = new Map<string, Withdrawal>();
  #before: { readonly seconds: number; readonly how: Withdrawal } | undefined;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Withdraws every token seen so far, and any unseen one whose `iat` lies in an earlier second. */
  withdraw(how: Withdrawal): void {
    for (const hash of this.#seen) this.#withdrawn.set(hash, how);
    this.#seen.clear();
    this.#before = { seconds: Math.floor(this.#nowMs() / 1000), how };
  }

  /** Remembers the token; tells whether it has been withdrawn. */
  look(token: string, iat: unknown): Withdrawal | undefined {
    const hash = createHash('sha256').update(token).digest('base64url');
    const withdrawn = this.#withdrawn.get(hash);
    if (withdrawn !== undefined) return withdrawn;
    if (this.#before !== undefined && typeof iat === 'number' && iat < this.#before.seconds) return this.#before.how;
    if (this.#seen.size >= forgottenAbove) this.#seen.clear();
    this.#seen.add(hash);
    return undefined;
  }
}
