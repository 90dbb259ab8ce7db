import { tf } from '@onnx-forge/export';
import { type Network, sequential } from './network.js';

/**
 * An affine map of row vectors that no gradient moves, x kernel + bias: the identity until it is given its values, such as
 * those of a whitening, by `setAffine`.
 */
export function fittedAffine(size: number): Network {
  const { inputLayer, dense } = tf.layers;
  const map = dense({ units: size, kernelInitializer: 'identity', trainable: false });
  return sequential([inputLayer({ inputShape: [size] }), map]);
}

/**
 * @param net made by {@link fittedAffine}
 * @param values kernel [size, size] row by row and bias [size]; without them the net becomes the identity again
 */
export function setAffine(
  { weights }: Network,
  values?: { readonly kernel: ArrayLike<number>; readonly bias: ArrayLike<number> },
): void {
  const [kernel, bias] = weights.map(({ variable }) => variable) as [tf.Variable, tf.Variable];
  tf.tidy(() => {
    kernel.assign(values ? tf.tensor(Float32Array.from(values.kernel), kernel.shape) : tf.eye(kernel.shape[0]!));
    bias.assign(values ? tf.tensor(Float32Array.from(values.bias), bias.shape) : tf.zeros(bias.shape));
  });
}
