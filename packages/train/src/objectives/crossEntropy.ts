import { tf } from '@onnx-forge/export';

/**
 * Cross-entropy of class labels from logits, the mean over the batch, in nats: -log softmax(logits)[label].
 *
 * @param logits [batch, classes]
 * @param labels int32 [batch], 0 .. classes - 1
 */
export function crossEntropy(logits: tf.Tensor, labels: tf.Tensor): tf.Scalar {
  return tf.tidy(() => {
    const oneHot = tf.oneHot(labels.toInt(), logits.shape[1] as number);
    return tf.logSumExp(logits, 1).sub(logits.mul(oneHot).sum(1)).mean<tf.Scalar>();
  });
}

/** The part of the batch whose label has the largest logit. Shapes as in {@link crossEntropy}. */
export function accuracy(logits: tf.Tensor, labels: tf.Tensor): tf.Scalar {
  return tf.tidy(() => logits.argMax(1).equal(labels.toInt()).toFloat().mean<tf.Scalar>());
}
