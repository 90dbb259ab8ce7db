import { tf } from '../../tfjs.js';

/**
 * Computes something that has no gradient, such as a comparison or an index: tfjs looks for one all the same as soon as a result
 * depends on it.
 */
export function untaped(f: () => tf.Tensor): tf.Tensor {
  return tf.customGrad(() => ({ value: f(), gradFunc: () => [] }))();
}
