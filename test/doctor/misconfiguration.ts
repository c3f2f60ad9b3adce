import type { Teardown } from './front.ts';

/** One thing that people get wrong, set up for real. */
export interface Misconfiguration {
  /** As docs/troubleshooting.md calls it. */
  readonly name: string;
  /** Name of the first finding. */
  readonly finding: string;
  /** In its sentence or its cure. */
  readonly words: RegExp;
  /** Starts what is needed and gives the configuration. */
  readonly setUp: (t: Teardown) => Promise<object>;
  /** Why no request can say the same; undefined = the problem answer of a failing request has the same sentence. */
  readonly unsaid?: string;
}
