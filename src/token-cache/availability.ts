import type { OnStoreState, StoreState } from './store.ts';

/** What can be out of order by itself: a cache that can be read need not be writable, and its keys lie elsewhere. */
export type CachePart = 'keys' | 'reading' | 'writing' | 'connection';

/** What is wrong with a cache at the moment, told when trouble begins and when the last of it is over. */
export class Availability {
  readonly #onState: OnStoreState;
  readonly #problems = new Map<CachePart, string>();
  /** By part, the number of the latest attempt whose outcome is known. */
  readonly #known = new Map<CachePart, number>();
  #attempts = 0;

  constructor(onState: OnStoreState) {
    this.#onState = onState;
  }

  /** How it is now; of several problems the oldest. */
  get state(): StoreState {
    const [problem] = this.#problems.values();
    return { available: problem === undefined, problem };
  }

  /**
   * Call it before an attempt, and the result with the outcome: a problem in words, or undefined. An outcome counts only
   * while none of a later attempt is known: what was found missing before it came back says nothing of now.
   */
  attempt(part: CachePart): (problem: string | undefined) => void {
    this.#attempts += 1;
    const number = this.#attempts;
    return (problem) => {
      if (number < (this.#known.get(part) ?? 0)) return;
      this.#known.set(part, number);
      const before = this.state.available;
      if (problem === undefined) this.#problems.delete(part);
      else this.#problems.set(part, problem);
      const { state } = this;
      if (state.available !== before) this.#onState(state);
    };
  }
}
