/** The longest delay that a Node timer can have, in milliseconds: a longer one would fire at once. */
export const longestDelayMs = 2 ** 31 - 1;

/**
 * Says that something is late, behind everything that has arrived by then: Node runs timers before it reads, so that an answer
 * which came while the process was busy, or frozen with its machine, would count for nothing.
 */
export class LateTimer {
  readonly #timer: NodeJS.Timeout;
  #look: NodeJS.Immediate | undefined;

  /** @param delayMs at most longestDelayMs is waited. @param late called once, unless stop() comes before */
  constructor(delayMs: number, late: () => void) {
    const then = (): void => {
      this.#look = setImmediate(late);
    };
    this.#timer = setTimeout(then, Math.min(delayMs, longestDelayMs));
  }

  /** The process does not wait for it. */
  unref(): this {
    this.#timer.unref();
    return this;
  }

  /** It is not late any more. */
  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#look);
  }
}
