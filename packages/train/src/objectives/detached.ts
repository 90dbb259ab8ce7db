import { tf } from '@onnx-forge/export';

/**
 * Result of `compute` as a constant to gradients: nothing inside is differentiated, whatever it depends on. For values
 * that have no gradient anyway, such as the token with the largest logit, which tfjs would else try to follow.
 */
export function detached(compute: () => tf.Tensor): tf.Tensor {
  // The tape sees one operation whose only input is a constant.
  return tf.customGrad((anchor) => ({ value: compute(), gradFunc: () => tf.zerosLike(anchor as tf.Tensor) }))(
    tf.scalar(0),
  );
}
