/** Mean, variance (n - 1) and standard error of independent draws, in float64. */
export interface Summary {
  readonly mean: number;
  readonly variance: number;
  readonly standardError: number;
}

export function summarize(values: ArrayLike<number>): Summary {
  const n = values.length;
  let mean = 0;
  for (let i = 0; i < n; i++) mean += values[i]! / n;
  let variance = 0;
  for (let i = 0; i < n; i++) variance += (values[i]! - mean) ** 2 / (n - 1);
  return { mean, variance, standardError: Math.sqrt(variance / n) };
}
