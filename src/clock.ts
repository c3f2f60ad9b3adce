/** Where the time comes from; injected so that tests can move it. */
export interface Clock {
  /** Wall clock, epoch milliseconds. Jumps when the machine wakes or somebody sets the time. */
  readonly nowMs: () => number;
  /** Milliseconds from an arbitrary start that never run backwards; may stand still while a laptop sleeps. */
  readonly monotonicMs: () => number;
}

/** The machine's own clocks. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
