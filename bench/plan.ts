/** How long and how often things are measured. */
export interface Plan {
  readonly quick: boolean;
  /** Rounds of a comparison, and seconds of each run in it. */
  readonly rounds: number;
  readonly seconds: number;
  /** Seconds of a run at a fixed rate. */
  readonly rateSeconds: number;
  /** Runs of the comparison under rotation; life of a token in it, seconds. */
  readonly rotationRuns: number;
  readonly tokenLife: number;
  /** Starts of each process that is started cold. */
  readonly starts: number;
}

/** Good enough to see a bar break, in under three minutes. */
export const quickPlan: Plan = {
  quick: true,
  rounds: 3,
  seconds: 1,
  rateSeconds: 2,
  rotationRuns: 3,
  // 300 ms of the token endpoint do not fit behind the refresh of a shorter one
  tokenLife: 4,
  starts: 5,
};

/** What docs/performance.md is written from. */
export const fullPlan: Plan = {
  quick: false,
  rounds: 7,
  seconds: 3,
  rateSeconds: 4,
  rotationRuns: 5,
  tokenLife: 4,
  starts: 11,
};
