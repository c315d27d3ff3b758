/** What benches compute of their samples. Pure. */

/** The value below which `part` of all values lie; 0 where there are none. */
export const percentile = (values: readonly number[], part: number): number => {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
};

/** The middle value; of an even number the mean of both in the middle. */
export const median = (values: readonly number[]): number => {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
};

/** To so many digits that count: 3 tell what a bench can know. */
export const significant = (value: number, digits = 3): number => {
  if (value === 0 || !Number.isFinite(value)) return value;
  const whole = Math.ceil(Math.log10(Math.abs(value)));
  return whole >= digits ? Math.round(value) : Number(value.toPrecision(digits));
};

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export const spreadOf = (values: readonly number[]): Spread => ({
  median: median(values),
  least: Math.min(...values),
  most: Math.max(...values),
});

/** Values of each side in a comparison: with more, the exact count below would take minutes. */
export const COMPARED_MAX = 10;

/**
 * How probable so clear a separation of both sides, or a clearer one, would be if there were no difference:
 * the exact rank-sum test of Wilcoxon, two-sided, ties at their mean rank. Three rounds a side can never
 * get below 0.1, five get to 0.008.
 */
export const chanceOfDifference = (a: readonly number[], b: readonly number[]): number => {
  if (Math.max(a.length, b.length) > COMPARED_MAX)
    throw new RangeError(`at most ${COMPARED_MAX} values a side`);
  const all = [...a, ...b];
  const rankOf = (value: number): number =>
    all.filter((other) => other < value).length +
    (all.filter((other) => other === value).length + 1) / 2;
  const ranks = all.map(rankOf);
  const mean = (a.length * (all.length + 1)) / 2;
  const seen = Math.abs(ranks.slice(0, a.length).reduce((sum, rank) => sum + rank, 0) - mean);
  let choices = 0;
  let asClear = 0;
  const choose = (from: number, left: number, sum: number): void => {
    if (left === 0) {
      choices += 1;
      if (Math.abs(sum - mean) >= seen - 1e-9) asClear += 1;
      return;
    }
    for (let at = from; at <= ranks.length - left; at += 1)
      choose(at + 1, left - 1, sum + (ranks[at] ?? 0));
  };
  choose(0, a.length, 0);
  return asClear / choices;
};
