/** Latent dimensions that a model uses. */
export interface ActiveUnits {
  /** How many dimensions are active. */
  readonly count: number;
  /** Variance over the examples of the mean of q(z|x), of each dimension. */
  readonly variances: Float64Array;
  /** A dimension above it is active. */
  readonly threshold: number;
  /** Examples that the variances are taken over. */
  readonly examples: number;
}

/**
 * A dimension is active if Var_x(E_q(z|x)[z]) > 0.01: an unused one is the prior's for every x (Burda et al. 2016, section 5).
 *
 * @param mu means of q(z|x), [examples, latentDim]
 */
export function activeUnitsOf(mu: Float32Array, examples: number, threshold = 0.01): ActiveUnits {
  const latentDim = mu.length / examples;
  const variances = Float64Array.from({ length: latentDim }, (_, dim) => {
    let sum = 0;
    for (let at = dim; at < mu.length; at += latentDim) sum += mu[at]!;
    const mean = sum / examples;
    let squares = 0;
    for (let at = dim; at < mu.length; at += latentDim) squares += (mu[at]! - mean) ** 2;
    return squares / (examples - 1);
  });
  return { count: variances.filter((variance) => variance > threshold).length, variances, threshold, examples };
}
