import { tf } from '@onnx-forge/export';
import { contrastiveLoss } from './contrastive-loss.js';

/** Loss and metrics of {@link pairwiseContrastiveLoss}, all scalars. */
export type PairwiseContrastiveLoss = {
  readonly loss: tf.Scalar;
  /** Mean distance of the pairs that show the same, and of those that do not. */
  readonly sameDistance: tf.Scalar;
  readonly differentDistance: tf.Scalar;
};

/**
 * `contrastiveLoss` of all pairs of a batch, no image with itself: the mean over the pairs of equal label and that
 * over the others, half and half. That is the expectation of drawing pairs with a fair coin for "same". A constant
 * distance can't have less than margin^2 / 4. A batch without pairs of one sort has only the other's half.
 *
 * @param embeddings [batch, dimensions]
 * @param labels int32 [batch]: who or what it is
 * @param images int32 [batch]: which image it is; a second view of an image is no other image
 */
export function pairwiseContrastiveLoss(
  embeddings: tf.Tensor,
  labels: tf.Tensor,
  images: tf.Tensor,
  margin: number,
): PairwiseContrastiveLoss {
  const [left, right] = [embeddings.expandDims(1), embeddings.expandDims(0)];
  const different = tf.sub(1, equal(labels));
  const same = equal(labels).sub(equal(images));
  const losses = contrastiveLoss(left, right, different, margin);
  const distances = tf.sqrt(tf.square(left.sub(right)).sum(-1).add(1e-12));
  const mean = (values: tf.Tensor, pairs: tf.Tensor) => values.mul(pairs).sum().div(tf.maximum(pairs.sum(), 1));
  return {
    loss: mean(losses, same).add(mean(losses, different)).mul(0.5),
    sameDistance: mean(distances, same) as tf.Scalar,
    differentDistance: mean(distances, different) as tf.Scalar,
  };
}

/** 1 where two entries are equal, [n] -> [n, n]. */
function equal(values: tf.Tensor): tf.Tensor {
  return values.expandDims(1).equal(values.expandDims(0)).toFloat();
}
