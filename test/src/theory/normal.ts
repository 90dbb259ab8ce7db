/** A univariate Gaussian. */
export interface Normal {
  readonly mean: number;
  readonly variance: number;
}

/** log N(z; mean, variance) in float64, in nats. */
export function logNormal(z: number, { mean, variance }: Normal): number {
  return -0.5 * (Math.log(2 * Math.PI * variance) + (z - mean) ** 2 / variance);
}

/** 1 / (1 + exp(-logit)). */
export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

/** log p(x) of binary pixels with the given logits: sum_d x_d l_d - log(1 + exp(l_d)), in float64. */
export function logBernoulli(x: readonly number[], logits: readonly number[]): number {
  return x.reduce(
    (total, pixel, d) => total + (pixel ? Math.log(sigmoid(logits[d]!)) : Math.log(sigmoid(-logits[d]!))),
    0,
  );
}
