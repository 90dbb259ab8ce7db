import { tf } from '@onnx-forge/export';

/**
 * Contrastive loss of Hadsell, Chopra & LeCun 2006, per pair: (1 - y) d^2 + y max(0, margin - d)^2 with d = ||x1 - x2||_2.
 * y = 1 means DIFFERENT, y = 0 the same. d = sqrt(d^2 + 1e-12), so the gradient stays finite for equal embeddings.
 *
 * @param x1 embeddings, [batch, dimensions]
 * @param x2 embeddings, [batch, dimensions]
 * @param y 0 or 1, [batch]
 * @returns [batch]
 */
export function contrastiveLoss(x1: tf.Tensor, x2: tf.Tensor, y: tf.Tensor, margin: number): tf.Tensor {
  return tf.tidy(() => {
    const squared = tf.square(x1.sub(x2)).sum(-1);
    const distance = tf.sqrt(squared.add(1e-12));
    const apart = tf.square(tf.relu(tf.sub(margin, distance)));
    return tf.sub(1, y).mul(squared).add(y.mul(apart));
  });
}
