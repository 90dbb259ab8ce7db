import { tf } from '@onnx-forge/export';
import { logMeanExp } from './log-mean-exp.js';

/** Both halves of the doubly reparameterised gradient; made by {@link doublyReparameterised} for one loss. */
export interface DoublyReparameterised {
  /** z as it is; gradients through it are multiplied by the normalised weights of {@link bound}, once more. */
  draws(z: tf.Tensor): tf.Tensor;
  /** log mean_k w_k, [batch]; log w of those draws, [batch, K]. */
  bound(logWeights: tf.Tensor): tf.Tensor;
}

/**
 * The gradient of the importance-weighted bound in which every derivative in the parameters of q goes through the draws
 * (DReG; Tucker, Lawson, Gu, Maddison 2019, eq. 7). With w~_k = w_k / sum_j w_j it is sum_k w~_k d log w_k for the decoder, as of
 * IWAE, and sum_k w~_k^2 (d log w_k / d z_k) (d z_k / d phi) for q, whose own parameters in log q(z_k|x) are constants. Both are
 * without bias; the second one's signal does not drown in noise as K grows (Rainforth et al. 2018).
 *
 * The caller makes log w of `draws(z)`, with the parameters of q stopped.
 */
export function doublyReparameterised(): DoublyReparameterised {
  // Gradients run from the bound back to the draws: it hands them its weights.
  let weights: tf.Tensor | undefined;
  const bound = tf.customGrad((logWeights, save) => {
    const given = logWeights as tf.Tensor;
    (save as tf.GradSaveFunc)([tf.softmax(given, 1)]);
    return {
      value: logMeanExp(given),
      gradFunc: (dy, [normalised]) => {
        weights = normalised;
        return (dy as tf.Tensor).expandDims(1).mul(normalised!);
      },
    };
  });
  const draws = tf.customGrad((z) => ({
    value: (z as tf.Tensor).clone(),
    gradFunc: (dy) => (dy as tf.Tensor).mul(weights!.expandDims(2)),
  }));
  return { draws, bound };
}
