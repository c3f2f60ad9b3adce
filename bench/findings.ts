import { loadavg } from 'node:os';
import type { BarId } from './bars.ts';

/** A table of the report. */
export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** A sentence below it. */
  readonly note?: string;
}

/** One bar of the plot. */
export interface Stripe {
  readonly name: string;
  readonly value: number;
}

/** What the measures have found so far. */
export class Findings {
  readonly ratios = new Map<BarId, number>();
  readonly tables: Table[] = [];
  /** CPU µs per request, for the plot. */
  readonly stripes: Stripe[] = [];
  /** Programs of others that wanted the machine when it began (the load average of a minute); above 0.5 figures are coarse. */
  readonly loadBefore: number | undefined = loadavg()[0];
  /** What could not be measured, and why. */
  readonly missing: string[] = [];
}
