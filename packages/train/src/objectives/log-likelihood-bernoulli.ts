import { tf } from '@onnx-forge/export';
import { sumOverEvent } from './sum-over-event.js';

/**
 * log p(x; mu) = sum_d x_d log mu_d + (1 - x_d) log(1 - mu_d), in nats per example, from probabilities.
 * Prefer `logLikelihoodBernoulliFromLogits` in a loss: a probability that has rounded to 0 or 1 gives -Infinity here.
 *
 * @param mu probabilities in (0, 1), [batch, ...]
 * @param target x in [0, 1], [batch, ...]
 * @param batchAxes how many leading axes count examples; all others are summed over
 * @returns [batch]
 */
export function logLikelihoodBernoulli(mu: tf.Tensor, target: tf.Tensor, batchAxes = 1): tf.Tensor {
  return tf.tidy(() => {
    const ones = target.mul(tf.log(mu));
    const zeros = tf.sub(1, target).mul(tf.log1p(mu.neg()));
    return sumOverEvent(ones.add(zeros), batchAxes);
  });
}

/**
 * log p(x; sigmoid(l)) = sum_d x_d l_d - softplus(l_d), in nats per example: finite for any finite logit.
 *
 * @param logits l, [batch, ...]
 * @param target x in [0, 1], [batch, ...] (it may broadcast against the logits)
 * @param batchAxes how many leading axes count examples; all others are summed over
 * @returns [batch]
 */
export function logLikelihoodBernoulliFromLogits(logits: tf.Tensor, target: tf.Tensor, batchAxes = 1): tf.Tensor {
  return tf.tidy(() => sumOverEvent(target.mul(logits).sub(tf.softplus(logits)), batchAxes));
}
