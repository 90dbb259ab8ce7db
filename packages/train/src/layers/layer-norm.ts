import { tf } from '@onnx-forge/export';

/**
 * Layer normalisation (Ba, Kiros & Hinton 2016): every row to mean 0 and variance 1, then times gain plus bias. The
 * gradient is written in its closed form, a third of the operations that differentiating step by step takes; it can't be
 * differentiated again.
 *
 * @param x [..., d]
 * @param gain [d]
 * @param bias [d]
 * @param epsilon is added to the variance
 */
export function layerNorm(x: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor, epsilon = 1e-5): tf.Tensor {
  return tf.tidy(() => normalise(x, epsilon).mul(gain).add(bias));
}

/** y = (x - mean) / sqrt(variance + epsilon); dx = (dy - mean(dy) - y mean(dy y)) / sqrt(variance + epsilon). */
function normalise(x: tf.Tensor, epsilon: number): tf.Tensor {
  const f = tf.customGrad((...args) => {
    const [input, save] = args as [tf.Tensor, (tensors: tf.Tensor[]) => void];
    const centred = input.sub(input.mean(-1, true));
    const scale = centred.square().mean(-1, true).add(epsilon).rsqrt();
    const value = centred.mul(scale);
    save([value, scale]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor => {
      const [y, r] = saved as [tf.Tensor, tf.Tensor];
      return dy
        .sub(dy.mean(-1, true))
        .sub(y.mul(dy.mul(y).mean(-1, true)))
        .mul(r);
    };
    return { value, gradFunc };
  });
  return f(x);
}
