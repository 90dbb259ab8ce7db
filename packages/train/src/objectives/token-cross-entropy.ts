import type { tf } from '@onnx-forge/export';
import { labelScores } from './log-likelihood-categorical.js';

/** Sums over the tokens of a batch that are not padding. */
export type TokenScores = {
  /** Mean cross-entropy, nats per token. */
  readonly loss: tf.Scalar;
  /** The fraction of the tokens that have the largest logit. */
  readonly accuracy: tf.Scalar;
};

/**
 * Cross-entropy of tokens from logits, the mean over the tokens that are not padding: every token counts the same, whatever
 * the length of its sentence.
 *
 * @param logits [tokens, vocabulary]
 * @param labels int32 [tokens]
 * @param padding the id that does not count
 */
export function tokenCrossEntropy(logits: tf.Tensor, labels: tf.Tensor, padding: number): TokenScores {
  const counts = labels.notEqual(padding).toFloat();
  const total = counts.sum();
  const mean = (values: tf.Tensor) => values.mul(counts).sum().div(total) as tf.Scalar;
  const { logLikelihood, mostLikely } = labelScores(logits, labels);
  return { loss: mean(logLikelihood).neg(), accuracy: mean(mostLikely) };
}
