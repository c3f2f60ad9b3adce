import { LateTimer } from './late-timer.ts';

/** Something that waits for an upstream, with its place in the queue of those that wait for the same. */
export abstract class Wait {
  /** When it is late, on the monotonic clock in milliseconds; undefined = it does not wait. */
  endMs: number | undefined;
  /** Who began before it. */
  before: Wait | undefined;
  /** Who began after it. */
  after: Wait | undefined;

  /** What it waits for has not come within the limit (milliseconds); the wait is over. */
  abstract late(limitMs: number): void;
}

/**
 * One time limit for all requests of a pool: of the response head, or between two pieces of a body. It is the same for
 * each, so the one that began first is the first to be late: a queue in order of beginning, and one timer for its front,
 * set again when it fires.
 *
 * A linked list and no Map: the tables that a Map leaves behind as it turns over hang together, and keep every request
 * that went through them until the next full collection (docs/decisions/0001-data-path.md).
 */
export class TimeLimit {
  readonly #limitMs: number;
  #first: Wait | undefined;
  #last: Wait | undefined;
  #timer: LateTimer | undefined;

  /** @param limitMs more than 0 */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Gives a wait its whole time, also one that has begun before. */
  start(wait: Wait): void {
    this.stop(wait);
    wait.endMs = performance.now() + this.#limitMs;
    wait.before = this.#last;
    if (this.#last === undefined) this.#first = wait;
    else this.#last.after = wait;
    this.#last = wait;
    this.#timer ??= this.#timerFor(this.#limitMs);
  }

  /** Gives a wait that is under way its whole time again. */
  extend(wait: Wait): void {
    if (wait.endMs !== undefined) this.start(wait);
  }

  /** Ends a wait. The timer stays: it finds who is at the front by then, or nobody. */
  stop(wait: Wait): void {
    if (wait.endMs === undefined) return;
    const { before, after } = wait;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    wait.endMs = undefined;
    wait.before = undefined;
    wait.after = undefined;
  }

  #timerFor(delayMs: number): LateTimer {
    return new LateTimer(Math.ceil(delayMs), () => this.#look()).unref();
  }

  #look(): void {
    this.#timer = undefined;
    const nowMs = performance.now();
    const late: Wait[] = [];
    for (let wait = this.#first; wait?.endMs !== undefined; wait = this.#first) {
      if (wait.endMs > nowMs) {
        this.#timer = this.#timerFor(wait.endMs - nowMs);
        break;
      }
      this.stop(wait);
      late.push(wait);
    }
    for (const wait of late) wait.late(this.#limitMs);
  }
}
