import { tf } from '@onnx-forge/export';

/** A sigmoid of |l| is at least 1/2: a product of this many stays far above the smallest float32. */
const FACTORS = 112;

/**
 * log p(x_n; sigmoid(l_nk)) for K decoded samples of each example, in nats: the inner loop of importance sampling.
 *
 * x l - softplus(l) = (x - 1/2) l - |l| / 2 + log sigmoid(|l|), where the logarithms of many sigmoids are one logarithm
 * of their product: exact for any logit, and without the logarithm per pixel that decides the time. For evaluation; the
 * gradient of a product is poor.
 *
 * @param logits [batch, samples, dimensions]
 * @param x in [0, 1], [batch, dimensions]
 * @returns [batch, samples]
 */
export function logLikelihoodBernoulliSamples(logits: tf.Tensor, x: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const [, samples, dimensions] = logits.shape as [number, number, number];
    const factors = largestDivisor(dimensions, FACTORS);
    const magnitude = logits.abs();
    const linear = logits.matMul(x.sub(0.5).expandDims(2)).squeeze([2]);
    const products = magnitude
      .sigmoid()
      .reshape([-1, samples, dimensions / factors, factors])
      .prod(3);
    return linear.sub(magnitude.sum(2).mul(0.5)).add(products.log().sum(2));
  });
}

function largestDivisor(n: number, limit: number): number {
  for (let divisor = Math.min(n, limit); divisor > 1; divisor--) if (n % divisor === 0) return divisor;
  return 1;
}
