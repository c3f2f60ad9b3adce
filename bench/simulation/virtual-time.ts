import type { Clock } from '../../src/clock.ts';

/** Something that happens at a moment. */
interface Happening {
  readonly atMs: number;
  /** Of two at the same moment the one that was planned first comes first. */
  readonly order: number;
  readonly run: () => void;
}

/** Where the wall clock starts, epoch milliseconds. */
const startMs = 1_700_000_000_000;

/** A clock that jumps from one happening to the next, and both clocks of bearerd in one. */
export class VirtualTime implements Clock {
  #elapsedMs = 0;
  #planned = 0;
  /** A binary heap: the next happening comes first. */
  readonly #heap: Happening[] = [];
  /** Set by whoever leaves promises to settle: they do before time goes on. */
  restless = false;

  readonly nowMs = (): number => startMs + this.#elapsedMs;
  readonly monotonicMs = (): number => this.#elapsedMs;

  /** Plans something, milliseconds from now. */
  after(ms: number, run: () => void): void {
    this.#planned += 1;
    const heap = this.#heap;
    const one = { atMs: this.#elapsedMs + ms, order: this.#planned, run };
    let place = heap.length;
    heap.push(one);
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || before(parent, one)) break;
      heap[place] = parent;
      place = above;
    }
    heap[place] = one;
  }

  /** Lets everything happen that is planned up to a moment, milliseconds from the start. */
  async until(endMs: number): Promise<void> {
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= endMs; next = this.#heap[0]) {
      this.#takeFirst();
      this.#elapsedMs = next.atMs;
      next.run();
      if (!this.restless) continue;
      this.restless = false;
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#elapsedMs = endMs;
  }

  #takeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let place = 0;
    for (;;) {
      const [left, right] = [heap[2 * place + 1], heap[2 * place + 2]];
      if (left === undefined) break;
      const rightFirst = right !== undefined && before(right, left);
      const child = rightFirst ? right : left;
      if (before(last, child)) break;
      heap[place] = child;
      place = 2 * place + (rightFirst ? 2 : 1);
    }
    heap[place] = last;
  }
}

function before(one: Happening, other: Happening): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}

/** Numbers from 0 to 1 that are the same for the same seed (Park and Miller's generator). */
export function seeded(seed: number): () => number {
  let state = (seed % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return (state - 1) / 2_147_483_646;
  };
}
