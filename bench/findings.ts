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

/** A share of the processors from which on figures are coarse: a tenth of one of two. */
export const busyShare = 0.05;

/** What the measures have found so far. */
export class Findings {
  readonly ratios = new Map<BarId, number>();
  readonly tables: Table[] = [];
  /** CPU µs per request, for the plot. */
  readonly stripes: Stripe[] = [];
  /** The share of the processors that other programs had when it began, from 0 to 1. */
  busyBefore = 0;
  /** What could not be measured, and why. */
  readonly missing: string[] = [];
}
