import { tf } from '@onnx-forge/export';
import { detached } from './detached.js';

/** How logits judge labels, each [batch]. */
export type LabelScores = {
  /** log p(label; softmax(logits)), nats. */
  readonly logLikelihood: tf.Tensor1D;
  /** 1 where the label has the largest logit, or one of several, else 0. */
  readonly mostLikely: tf.Tensor1D;
};

/**
 * The log-likelihood of labels, and whether it could not be larger. The largest logit is subtracted first, so that nothing
 * overflows. It cancels, and so would its gradient, which tfjs's own log-sum-exp goes through all logits for: here it is a
 * constant. The rest of `argMax` is a comparison.
 *
 * @param logits [batch, classes]
 * @param labels int32 [batch], 0 .. classes - 1
 */
export function labelScores(logits: tf.Tensor, labels: tf.Tensor): LabelScores {
  return tf.tidy(() => {
    const below = logits.sub(detached(() => logits.max(1, true)));
    const oneHot = tf.oneHot(labels.toInt(), logits.shape[1]!, 1, 0, 'float32');
    const chosen = below.mul(oneHot).sum<tf.Tensor1D>(1);
    return {
      logLikelihood: chosen.sub(tf.log(below.exp().sum<tf.Tensor1D>(1))),
      mostLikely: chosen.equal(0).toFloat() as tf.Tensor1D,
    };
  });
}

/** log p(label; softmax(logits)), in nats per example, [batch]. Shapes as in {@link labelScores}. */
export function logLikelihoodCategorical(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor1D {
  return tf.tidy(() => labelScores(logits, labels).logLikelihood);
}
