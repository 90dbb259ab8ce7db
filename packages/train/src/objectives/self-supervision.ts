import { tf } from '@onnx-forge/export';

/**
 * Cosine similarity along the last axis: u.v / (max(|u|, 1e-8) max(|v|, 1e-8)).
 *
 * @param u [batch, dimensions]
 * @param v [batch, dimensions]
 * @returns [batch]
 */
export function cosineSimilarity(u: tf.Tensor, v: tf.Tensor): tf.Tensor {
  const norm = (w: tf.Tensor) => tf.sqrt(tf.maximum(tf.square(w).sum(-1), 1e-16));
  return tf.tidy(() =>
    u
      .mul(v)
      .sum(-1)
      .div(norm(u).mul(norm(v))),
  );
}

/**
 * SimSiam's loss (Chen & He 2021, eq. 2): -(cos(p1, z2) + cos(p2, z1)) / 2, the mean over the batch; -1 is perfect agreement.
 * The caller stops the gradient of z1 and z2 ({@link stopGradient}): that it is visible in the recipe is the point.
 *
 * @param p1 predictions of view 1, [batch, dimensions]; p2 of view 2
 * @param z1 projections of view 1, [batch, dimensions]; z2 of view 2
 */
export function negativeCosineSimilarity(p1: tf.Tensor, p2: tf.Tensor, z1: tf.Tensor, z2: tf.Tensor): tf.Scalar {
  return tf.tidy(() => cosineSimilarity(p1, z2).add(cosineSimilarity(p2, z1)).mean<tf.Scalar>().mul(-0.5));
}

/** The same value; gradients treat it as a constant. */
export const stopGradient: (x: tf.Tensor) => tf.Tensor = tf.customGrad((x) => {
  const constant = x as tf.Tensor;
  return { value: constant.clone(), gradFunc: (dy) => tf.zerosLike(dy as tf.Tensor) };
});

/**
 * Mean over dimensions of the standard deviation over the batch of l2-normalised outputs: about 1/sqrt(dimensions) in
 * a healthy representation, 0 in a collapsed one (Chen & He 2021, figure 2).
 *
 * @param outputs [batch, dimensions]
 */
export function collapseStd(outputs: tf.Tensor): tf.Scalar {
  return tf.tidy(() => {
    const unit = outputs.div(tf.sqrt(tf.maximum(tf.square(outputs).sum(-1, true), 1e-16)));
    return tf.sqrt(tf.moments(unit, 0).variance).mean<tf.Scalar>();
  });
}

/**
 * Weighted nearest-neighbour classification (Wu et al. 2018, section 3.4): the k most similar bank rows vote for their
 * class with weight exp(cosine / temperature), here over that of the nearest, so that no temperature overflows.
 *
 * @param features l2-normalised, [batch, dimensions]
 * @param bank l2-normalised, [rows, dimensions]
 * @param labels classes of the bank, int32 [rows]
 * @returns the winning class, int32 [batch]
 */
export function knnClassify(
  features: tf.Tensor2D,
  bank: tf.Tensor2D,
  labels: tf.Tensor1D,
  { k, temperature, classes }: { k: number; temperature: number; classes: number },
): tf.Tensor1D {
  return tf.tidy(() => {
    const { values, indices } = tf.topk(tf.matMul(features, bank, false, true), k);
    const votes = tf.oneHot(tf.gather(labels, indices.toInt()), classes).toFloat();
    const weights = tf.exp(values.sub(values.max(-1, true)).div(temperature)); // [batch, k]
    return tf.argMax(votes.mul(weights.expandDims(-1)).sum(1), -1) as tf.Tensor1D;
  });
}
