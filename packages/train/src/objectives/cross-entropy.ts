import { tf } from '@onnx-forge/export';
import { labelScores, logLikelihoodCategorical } from './log-likelihood-categorical.js';

/**
 * Cross-entropy of class labels from logits, the mean over the batch, in nats: -log softmax(logits)[label]. NaN if a label is
 * none of the classes.
 *
 * @param logits [batch, classes]
 * @param labels int32 [batch], 0 .. classes - 1
 */
export function crossEntropy(logits: tf.Tensor, labels: tf.Tensor): tf.Scalar {
  return tf.tidy(() => logLikelihoodCategorical(logits, labels).mean<tf.Scalar>().neg());
}

/** The fraction of the batch whose label has the largest logit, the first of equal ones. Shapes as in {@link crossEntropy}. */
export function accuracy(logits: tf.Tensor, labels: tf.Tensor): tf.Scalar {
  return tf.tidy(() => labelScores(logits, labels).mostLikely.mean<tf.Scalar>());
}
