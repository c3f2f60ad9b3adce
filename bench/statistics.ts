/** The middle value; of an even number of values the mean of the two in the middle. @throws when there is none */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which a share of the values lies, with interpolation. @param share from 0 to 1 @throws when there is none */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) throw new Error('there is no value to take a quantile of');
  return below + (above - below) * (place - Math.floor(place));
}

/** The median of the ratios of values that were measured side by side: what disturbs both cancels out. */
export function pairedRatio(values: readonly number[], against: readonly number[]): number {
  return median(values.map((value, round) => value / (against[round] ?? Number.NaN)));
}

/** Values by subject, one for each round. */
export type Rounds = Map<string, number[]>;

/** Measures A B C A B C …, so that whatever changes on the machine meanwhile meets all of them alike. */
export async function interleaved(
  names: readonly string[],
  rounds: number,
  measure: (name: string) => Promise<number>,
): Promise<Rounds> {
  const values: Rounds = new Map(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) values.get(name)?.push(await measure(name));
  }
  return values;
}
