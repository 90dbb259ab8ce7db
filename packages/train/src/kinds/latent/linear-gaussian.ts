import { type Random, WeightSums } from '@onnx-forge/infer';

/** z ~ N(0, I), x | z ~ N(z, noise^2 I), z and x in R^dimensions: the marginal and the posterior are Gaussian. */
export interface LinearGaussian {
  readonly dimensions: number;
  /** Standard deviation of x given z. Small: the posterior is narrow. */
  readonly noise: number;
}

/** One x from the model. */
export function sampleLinearGaussian({ dimensions, noise }: LinearGaussian, random: Random): Float64Array {
  return Float64Array.from({ length: dimensions }, () => random.normal() + noise * random.normal());
}

/** log p(x) = log N(x; 0, (1 + noise^2) I), exactly, in nats. */
export function linearGaussianLogLikelihood({ noise }: LinearGaussian, x: Float64Array): number {
  return logNormal(x, () => 0, 1 + noise ** 2);
}

/**
 * Importance weights of K draws for log p(x), in float64. `prior`: z ~ p(z). `importance`: z ~ q(z|x), the exact posterior
 * N(x / (1 + noise^2), noise^2 / (1 + noise^2) I) with its variance times `spread`: an encoder is never perfect.
 */
export function linearGaussianWeights(
  model: LinearGaussian,
  x: Float64Array,
  { estimator, samples, spread = 1 }: { estimator: 'prior' | 'importance'; samples: number; spread?: number },
  random: Random,
): WeightSums {
  const variance = model.noise ** 2;
  const shrink = estimator === 'prior' ? 0 : 1 / (1 + variance);
  const proposalVariance = estimator === 'prior' ? 1 : spread * variance * shrink;
  const deviation = Math.sqrt(proposalVariance);
  const z = new Float64Array(x.length);
  const weights = new WeightSums();
  for (let k = 0; k < samples; k++) {
    for (let d = 0; d < z.length; d++) z[d] = shrink * x[d]! + deviation * random.normal();
    const logConditional = logNormal(x, (d) => z[d]!, variance);
    const logPrior = logNormal(z, () => 0, 1);
    const logProposal = logNormal(z, (d) => shrink * x[d]!, proposalVariance);
    weights.add(logConditional + logPrior - logProposal);
  }
  return weights;
}

function logNormal(x: Float64Array, mean: (d: number) => number, variance: number): number {
  let squares = 0;
  for (let d = 0; d < x.length; d++) squares += (x[d]! - mean(d)) ** 2;
  return -0.5 * (x.length * Math.log(2 * Math.PI * variance) + squares / variance);
}
