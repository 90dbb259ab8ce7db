import { tf } from '@onnx-forge/export';
import type { CausalTransformer, TransformerContext } from '../layers/causal-transformer.js';
import { crossEntropy } from './cross-entropy.js';

/**
 * Cross-entropy of every token but the first given those before it, the mean in nats per token.
 *
 * @param windows int32 [batch, length + 1]
 */
export function nextTokenLoss(
  transformer: CausalTransformer,
  windows: tf.Tensor,
  context: TransformerContext = {},
): tf.Scalar {
  const [batch, size] = windows.shape as [number, number];
  const length = size - 1;
  return tf.tidy(() => {
    const { logits } = transformer.predict(windows.slice([0, 0], [batch, length]), context);
    return crossEntropy(logits, windows.slice([0, 1], [batch, length]).reshape([batch * length]));
  });
}
