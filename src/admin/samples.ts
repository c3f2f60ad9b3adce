import { type LatencyTally, latencyBoundsMs, methodClasses, statusClasses } from './tally.ts';

/** One value of a metric. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** The metric's name with a suffix, for the parts of a histogram. */
  readonly metricName?: string;
}

/** One sample for each method and status class that has occurred. */
export function requestSamples(name: string, requests: Float64Array): Sample[] {
  return methodClasses.flatMap((method, row) =>
    statusClasses.flatMap((status, column) => {
      const value = requests[row * statusClasses.length + column] ?? 0;
      return value === 0 ? [] : [{ labels: { route: name, method, status }, value }];
    }),
  );
}

/** Cumulative buckets in seconds, as the text format wants them. */
export function histogram(name: string, labels: Sample['labels'], latency: LatencyTally): Sample[] {
  let below = 0;
  const buckets = [...latency.counts].map((count, bucket) => {
    below += count;
    const bound = latencyBoundsMs[bucket];
    const le = bound === undefined ? '+Inf' : String(bound / 1000);
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: below };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: latency.sumMs / 1000 },
    { metricName: `${name}_count`, labels, value: below },
  ];
}
