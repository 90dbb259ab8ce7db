import type { tf } from '@onnx-forge/export';
import { stopGradient } from './self-supervision.js';

/**
 * `f` with its weights as constants: the same values, and gradients that go to its input alone. `stopGradient` of its output
 * would stop those, too; tfjs can't take a gradient within another's way back.
 *
 * @param f of one tensor, which reads variables
 */
export function stopWeights(f: (x: tf.Tensor) => tf.Tensor): (x: tf.Tensor) => tf.Tensor {
  return (x) => {
    const value = f(x);
    // Zero, with minus the gradient in the weights.
    const without = stopGradient(value).sub<tf.Tensor>(f(stopGradient(x)));
    return value.add(without);
  };
}
