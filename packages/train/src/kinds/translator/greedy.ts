import { tf, whileLoop } from '@onnx-forge/export';
import { END, START, Vocabulary } from '@onnx-forge/infer';
import type { Tensors } from '../graph.js';

/** The networks of a translator, as tfjs code. */
export interface TranslatorCode {
  /** Whether the decoder looks back at the source. */
  readonly attention: boolean;
  /** Source tokens, int32 [batch, length] -> a vector for each, [batch, length, units], and the decoder's first state, [batch, units]. */
  encode(source: tf.Tensor): { readonly outputs: tf.Tensor; readonly state: tf.Tensor };
  /**
   * One step: the last token, int32 [batch], and the state before it -> logits or log p of the next, [batch, vocabulary], the
   * next state, and the attention paid, [batch, length]. `seen` is what it may look back at, if the model does. With logits a
   * whole translation is faster: they are made log p only for the tokens that are taken.
   */
  decodeStep(
    step: { readonly token: tf.Tensor; readonly state: tf.Tensor },
    seen?: { readonly source: tf.Tensor; readonly outputs: tf.Tensor },
  ): DecoderStep;
}

/** Outputs of a step of a decoder. */
export type DecoderStep = ({ readonly logits: tf.Tensor } | { readonly logProbs: tf.Tensor }) & {
  readonly nextState: tf.Tensor;
  readonly attention?: tf.Tensor;
};

export interface GreedyOptions extends TranslatorCode {
  /** Tokens of a translation at most. */
  readonly maxLength: number;
  /** Tokens of the translations, by id. */
  readonly vocabulary: readonly string[];
  /** Whether translations end by a mark. */
  readonly end: boolean;
}

/**
 * Greedy translation as one graph: the encoder, and a loop of the decoder's step, which goes on from its most probable token
 * until all sentences of the batch have ended. What stands behind a sentence's end is 0.
 */
export function greedyTranslation(options: GreedyOptions): (inputs: Tensors<'source'>) => Tensors {
  const { encode, decodeStep, attention, maxLength, end } = options;
  const vocabulary = new Vocabulary(options.vocabulary);
  return ({ source }) => {
    const encoded = encode(source);
    const [batch, length] = source.shape as [number, number];
    const seen = attention ? { source, outputs: encoded.outputs } : undefined;
    const places = tf.range(0, maxLength, 1, 'int32');
    const { tokens, logProbs, paid } = whileLoop({
      most: maxLength,
      state: {
        token: tf.fill([batch], vocabulary.id(START), 'int32'),
        state: encoded.state,
        /** 1 for a sentence that has not ended. */
        writing: tf.ones([batch], 'int32'),
        tokens: tf.zeros([batch, maxLength], 'int32'),
        logProbs: tf.zeros([batch, maxLength]),
        ...(attention && { paid: tf.zeros([batch, maxLength, length]) }),
      } as Record<string, tf.Tensor>,
      step(last, index) {
        const next = decodeStep({ token: last.token!, state: last.state! }, seen);
        // Of equal ones the first, as elsewhere; faster than an argMax and a max. Of log p softmax is p, too.
        const best = tf.topk(tf.softmax('logits' in next ? next.logits : next.logProbs), 1);
        const token = best.indices.reshape([-1]);
        const here = places.equal(index).expandDims(0).logicalAnd(last.writing!.cast('bool').expandDims(1));
        const ended = end ? token.equal(vocabulary.id(END)) : undefined;
        return {
          token,
          state: next.nextState,
          writing: ended ? last.writing!.mul(tf.sub(1, ended.toInt()).toInt()) : last.writing!,
          tokens: tf.where(here, best.indices, last.tokens!),
          logProbs: tf.where(here, best.values.log(), last.logProbs!),
          ...(attention && { paid: tf.where(here.expandDims(2), next.attention!.expandDims(1), last.paid!) }),
        };
      },
      ...(end && { goOn: ({ writing }) => writing!.max().cast('bool') }),
    });
    return { tokens: tokens!, logProbs: logProbs!, ...(attention && { attention: paid! }) };
  };
}
