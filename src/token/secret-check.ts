import { elapsedMs, type Moment } from './expiry.ts';
import type { TokenProvider } from './provider.ts';

/** Milliseconds between two looks at the secrets of a credential that has failed. */
const restMs = 100;

/**
 * Asks a provider, on behalf of everybody who waits, whether its secrets have changed since its last request: then a
 * failure is not remembered any longer (wire facts 4.3). At most ten times a second, and only when somebody wants a token.
 */
export class SecretCheck {
  readonly #provider: TokenProvider;
  #last: { readonly at: Moment; readonly changed: Promise<boolean>; told: boolean } | undefined;

  constructor(provider: TokenProvider) {
    this.#provider = provider;
  }

  /** True for one caller per change; the others learn of it by what that caller does. */
  async firstToSeeChange(now: Moment): Promise<boolean> {
    if (this.#provider.secretsChanged === undefined) return false;
    if (this.#last === undefined || elapsedMs(this.#last.at, now) >= restMs) {
      this.#last = { at: now, changed: this.#provider.secretsChanged().catch(() => false), told: false };
    }
    const check = this.#last;
    if (!(await check.changed) || check.told) return false;
    check.told = true;
    return true;
  }
}
