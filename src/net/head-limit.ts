/** Something that waits for the head of an answer. */
export interface HeadWait {
  /** The head has not come within the limit (milliseconds); the wait is over. */
  late(limitMs: number): void;
}

/** The longest delay that a Node timer can have: a longer one would fire at once. */
const longestDelayMs = 2 ** 31 - 1;

/**
 * The time limit of the response head for all requests of a pool. It is the same for each, so the one that began first is
 * the first to be late: a queue in order of beginning, and one timer for its front, set again when it fires. undici's own
 * timers tick every half second, which makes a limit of 2 s end after 2.5 s, or early on a busy pool (measured).
 */
export class HeadLimit {
  readonly #limitMs: number;
  /** The moment of each wait's end on the monotonic clock, in the order in which they come. */
  readonly #waits = new Map<HeadWait, number>();
  #timer: NodeJS.Timeout | undefined;

  /** @param limitMs more than 0 */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Gives a wait its whole time, also one that has begun before. */
  start(wait: HeadWait): void {
    this.#waits.delete(wait);
    this.#waits.set(wait, performance.now() + this.#limitMs);
    this.#timer ??= this.#timerFor(this.#limitMs);
  }

  /** Gives a wait that is under way its whole time again. */
  extend(wait: HeadWait): void {
    if (this.#waits.has(wait)) this.start(wait);
  }

  /** Ends a wait. The timer stays: it finds who is at the front by then, or nobody. */
  stop(wait: HeadWait): void {
    this.#waits.delete(wait);
  }

  #timerFor(delayMs: number): NodeJS.Timeout {
    const timer = setTimeout(() => this.#look(), Math.min(Math.ceil(delayMs), longestDelayMs));
    return timer.unref();
  }

  #look(): void {
    this.#timer = undefined;
    const nowMs = performance.now();
    const late: HeadWait[] = [];
    for (const [wait, endMs] of this.#waits) {
      if (endMs > nowMs) {
        this.#timer = this.#timerFor(endMs - nowMs);
        break;
      }
      late.push(wait);
    }
    for (const wait of late) this.#waits.delete(wait);
    for (const wait of late) wait.late(this.#limitMs);
  }
}
