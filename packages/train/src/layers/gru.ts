import { tf } from '@onnx-forge/export';

/**
 * One step of a gated recurrent unit (Cho et al. 2014), in the form of cuDNN and PyTorch, where the reset gate acts after
 * the matrix product, so that all products of a step are one:
 *
 *     r = sigmoid(x_r + h_r)    z = sigmoid(x_z + h_z)    n = tanh(x_n + r h_n)    h' = (1 - z) n + z h
 *
 * `tf.layers.gru` has the form of the paper: h_n = U (r h).
 *
 * @param x W input + b, [batch, 3 units]: reset gate, update gate, candidate. It needs no state: compute it for all steps at once
 * @param h U state + c, [batch, 3 units] in the same order
 * @param state [batch, units]
 * @returns the next state, [batch, units]
 */
export function gruStep(x: tf.Tensor, h: tf.Tensor, state: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const units = state.shape[1]!;
    const part = (of: tf.Tensor, from: number, parts: number) => of.slice([0, from * units], [-1, parts * units]);
    const gates = part(x, 0, 2)
      .add(part(h, 0, 2))
      .sigmoid();
    const candidate = part(x, 2, 1)
      .add(part(gates, 0, 1).mul(part(h, 2, 1)))
      .tanh();
    return candidate.add(part(gates, 1, 1).mul(state.sub(candidate)));
  });
}
