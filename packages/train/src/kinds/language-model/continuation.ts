import { tf, whileLoop } from '@onnx-forge/export';
import { LARGEST_TOP_K } from '@onnx-forge/infer';
import type { CausalTransformer } from '../../layers/causal-transformer.js';
import type { Tensors } from '../graph.js';

type ContinuationInputs = Tensors<'tokens' | 'uniforms' | 'steps' | 'temperature' | 'topK'>;

const int32 = (value: number): tf.Scalar => tf.scalar(value, 'int32');

/**
 * Tokens that follow others as one graph: the transformer reads those, and a loop draws one token after the other and extends
 * the keys and values, which have room for the whole block from the start.
 *
 * Each token is drawn by its own uniform number u: the first whose cumulative probability is above u. Tokens behind the last
 * step are 0.
 */
export function continuation(transformer: CausalTransformer): (inputs: ContinuationInputs) => Tensors {
  const { blockSize, vocabularySize } = transformer.options;
  return ({ tokens, uniforms, steps, temperature, topK }) => {
    const length = tokens.shape[1]!;
    const read = transformer.predict(tokens);
    const draw = (logits: tf.Tensor, index: tf.Tensor): tf.Tensor =>
      drawn(logits, { uniform: tf.gather(uniforms, index, 1), temperature, topK });
    const places = tf.range(0, blockSize, 1, 'int32');
    const first = draw(read.logits.slice([length - 1, 0], [1, vocabularySize]), int32(0));
    const { written } = whileLoop({
      most: blockSize - 1,
      state: {
        ...transformer.cache(read),
        token: tf.minimum(first, int32(vocabularySize - 1)),
        made: int32(1),
        written: tf.where(places.equal(0), first, int32(0)),
      } as Record<string, tf.Tensor>,
      step({ token, made, written, ...cache }, index) {
        // Past the block nothing is read: what is drawn from there is none of the tokens that a block has.
        const position = tf.minimum(index.add(int32(length)), int32(blockSize - 1));
        const next = transformer.extend(token!, position, cache);
        const following = draw(next.logits, made!);
        return {
          ...next.cache,
          token: tf.minimum(following, int32(vocabularySize - 1)),
          made: made!.add(int32(1)),
          written: tf.where(places.equal(made!), following, written!),
        };
      },
      goOn: ({ made }) => made!.less(steps),
    });
    return { continuation: written!.reshape([1, blockSize]) };
  };
}

interface Draw {
  /** [1] */
  readonly uniform: tf.Tensor;
  /** float32 [] */
  readonly temperature: tf.Tensor;
  /** int32 []; 0: all. */
  readonly topK: tf.Tensor;
}

/**
 * A token from softmax(logits / temperature) over the topK largest logits, ties counted as in: [1, vocabulary] -> int32 [1].
 * `vocabulary`, which is no token, if logits are NaN.
 */
function drawn(logits: tf.Tensor, { uniform, temperature, topK }: Draw): tf.Tensor {
  const vocabularySize = logits.shape[1]!;
  const ranked = Math.min(vocabularySize, LARGEST_TOP_K);
  const largest = tf.topk(logits, ranked).values.reshape([ranked]);
  const kth = tf.gather(largest, tf.maximum(topK.sub(int32(1)), int32(0)));
  const least = tf.where(topK.greater(int32(0)), kth, tf.scalar(-3.4e38));
  const weights = tf.softmax(logits.div(temperature)).mul(logits.greaterEqual(least).toFloat());
  const cumulative = weights.cumsum(1);
  const total = cumulative.slice([0, vocabularySize - 1], [1, 1]);
  const above = cumulative.greater(total.mul(uniform)).toInt().sum(1).toInt();
  return int32(vocabularySize).sub(above);
}
