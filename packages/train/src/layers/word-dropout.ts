import { type StepRandom, tf } from '@onnx-forge/export';
import { SENTENCE_IDS } from '../data/prepare/sentence-pairs.js';

/**
 * Makes each word the unknown one with probability `rate`, and leaves marks and padding: for the inputs of steps only. A
 * model learns so what to do with words that it does not know, and to rely on more than one (Gal & Ghahramani 2016).
 *
 * @param tokens int32 ids of {@link SENTENCE_IDS}, any shape
 */
export function wordDropout(tokens: tf.Tensor, rate: number, rng: StepRandom): tf.Tensor {
  return tf.tidy(() => {
    const hidden = rng.uniform(tokens.shape).less(rate).logicalAnd(tokens.greater(SENTENCE_IDS.end));
    return tf.where(hidden, tf.fill(tokens.shape, SENTENCE_IDS.unknown, 'int32'), tokens);
  });
}
