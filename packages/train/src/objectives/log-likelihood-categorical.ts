import { tf } from '@onnx-forge/export';
import { detached } from './detached.js';

/** How logits judge labels, each [batch]. */
export type LabelScores = {
  /** log p(label; softmax(logits)), nats; NaN for a label that is none of the classes. */
  readonly logLikelihood: tf.Tensor1D;
  /** 1 where the label has the largest logit, the first of several equal ones (as numpy's argmax), else 0. */
  readonly mostLikely: tf.Tensor1D;
};

/**
 * The log-likelihood of labels, and whether it could not be larger. The largest logit is subtracted first, so that nothing
 * overflows. It cancels, and so would its gradient, which tfjs's own log-sum-exp goes through all logits for: here it is a
 * constant.
 *
 * @param logits [batch, classes]
 * @param labels int32 [batch], 0 .. classes - 1
 */
export function labelScores(logits: tf.Tensor, labels: tf.Tensor): LabelScores {
  return tf.tidy(() => {
    const below = logits.sub(detached(() => logits.max(1, true)));
    const oneHot = tf.oneHot(labels.toInt(), logits.shape[1]!, 1, 0, 'float32');
    const chosen = below.mul(oneHot).sum<tf.Tensor1D>(1);
    const logLikelihood = chosen.sub(tf.log(below.exp().sum<tf.Tensor1D>(1)));
    return {
      // A label outside the classes has no row in the table, and would get the log-likelihood of the most probable class.
      logLikelihood: tf.where(isClass(labels, logits.shape[1]!), logLikelihood, Number.NaN) as tf.Tensor1D,
      mostLikely: logits.argMax(1).equal(labels.toInt()).toFloat() as tf.Tensor1D,
    };
  });
}

function isClass(labels: tf.Tensor, classes: number): tf.Tensor {
  return tf.logicalAnd(labels.greaterEqual(0), labels.less(classes));
}

/** log p(label; softmax(logits)), in nats per example, [batch]. Shapes as in {@link labelScores}. */
export function logLikelihoodCategorical(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor1D {
  return tf.tidy(() => labelScores(logits, labels).logLikelihood);
}
