import { tf } from '@onnx-forge/export';
import type { Network } from '../layers/network.js';

/**
 * decay / 2 * (sum of squares of all trainable weights). Its gradient decay * w is the weight decay of PyTorch's SGD, with
 * momentum too (not of Adam, which divides by the gradient's size).
 */
export function weightDecay(nets: readonly Network[], decay: number): tf.Scalar {
  return tf.tidy(() => {
    const trained = nets.flatMap(({ weights }) => weights.filter(({ trainable }) => trainable));
    if (trained.length === 0) return tf.scalar(0);
    return tf.addN(trained.map(({ variable }) => tf.square(variable).sum<tf.Scalar>())).mul(decay / 2);
  });
}
