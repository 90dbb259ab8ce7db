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

export interface BeamOptions extends TranslatorCode {
  /** Tokens of a translation at most. */
  readonly maxLength: number;
  /** Tokens of the translations, by id. */
  readonly vocabulary: readonly string[];
  /** Whether translations end by a mark. */
  readonly end: boolean;
}

/**
 * Beam search as one graph: the encoder, the decoder's first step, and a loop of the others over all beams of all sentences,
 * until none can become more probable than a sequence of its sentence that has ended. One beam is greedy search.
 *
 * Inputs: the sentences, and `beams`, int32 [beam], whose size alone counts. Outputs, for each step the sequences kept, the
 * most probable first: `tokens`, int32 [batch, steps, beam]; `parents`, which of the step before each of them continues, -1
 * for none; `logProbs` of the tokens alone; and the `attention` paid by the *parent* of that place, [batch, steps, beam,
 * length].
 */
export function beamTranslation(options: BeamOptions): (inputs: Tensors<'source' | 'beams'>) => Tensors {
  const { encode, decodeStep, attention, maxLength, end } = options;
  const vocabulary = new Vocabulary(options.vocabulary);
  return ({ source, beams }) => {
    const [batch, length] = source.shape as [number, number];
    const beam = beams.size;
    const encoded = encode(source);
    const sentences = tf.range(0, batch, 1, 'int32').expandDims(1);
    const places = tf.range(0, maxLength, 1, 'int32').expandDims(1);
    const none = tf.fill([batch, beam], Number.NEGATIVE_INFINITY);
    const kept = [batch, maxLength, beam];

    /** One token more, of `width` sequences a sentence whose log p are `last.scores`, [batch, width]. */
    const extend = (last: Record<string, tf.Tensor>, index: tf.Tensor, width: number, seen?: Seen) => {
      const next = decodeStep({ token: last.token!, state: last.state! }, seen);
      // Of log p softmax is p, too.
      const likely = tf.topk(wide(tf.softmax('logits' in next ? next.logits : next.logProbs)), beam);
      const logProbs = likely.values.log();
      const totals = logProbs.reshape([batch, width, beam]).add(last.scores!.expandDims(2));
      const { values, indices } = tf.topk(totals.reshape([batch, width * beam]), beam);
      const parents = indices.floorDiv(beam).toInt();
      const chosen = sentences
        .mul(width * beam)
        .add(indices)
        .toInt()
        .reshape([-1]);
      const token = tf.gather(likely.indices.reshape([-1]), chosen);
      const over = end ? token.equal(vocabulary.id(END)).reshape([batch, beam]) : tf.zeros([batch, beam], 'bool');
      const best = last.best!.maximum(tf.where(over, values, none).max(1, true));
      const here = places.equal(index);
      const put = (into: tf.Tensor, x: tf.Tensor): tf.Tensor => tf.where(here, x.expandDims(1), into);
      const paid = next.attention?.reshape([batch, 1, width, length]);
      return {
        token,
        state: tf.gather(next.nextState, sentences.mul(width).add(parents).toInt().reshape([-1])),
        scores: tf.where(values.greater(best).logicalAnd(over.logicalNot()), values, none),
        best,
        tokens: put(last.tokens!, token.reshape([batch, beam])),
        parents: put(last.parents!, tf.where(values.greater(none), parents, tf.fill([batch, beam], -1, 'int32'))),
        logProbs: put(last.logProbs!, tf.gather(logProbs.reshape([-1]), chosen).reshape([batch, beam])),
        ...(paid && { paid: tf.where(here.expandDims(2), paid, last.paid!) }),
      };
    };

    const alone = attention ? { source, outputs: encoded.outputs } : undefined;
    const begun = extend(
      {
        token: tf.fill([batch], vocabulary.id(START), 'int32'),
        state: encoded.state,
        /** log p of the sequences, -infinity for one that has ended or can't win. */
        scores: tf.zeros([batch, 1]),
        /** log p of the most probable sequence that has ended. */
        best: tf.fill([batch, 1], Number.NEGATIVE_INFINITY),
        tokens: tf.zeros(kept, 'int32'),
        parents: tf.fill(kept, -1, 'int32'),
        logProbs: tf.zeros(kept),
        ...(attention && { paid: tf.zeros([...kept, length]) }),
      },
      tf.scalar(0, 'int32'),
      1,
      alone,
    );
    const seen = alone && { source: eachTimes(source, beam), outputs: eachTimes(encoded.outputs, beam) };
    const { tokens, parents, logProbs, paid } =
      maxLength === 1
        ? begun
        : whileLoop({
            most: maxLength - 1,
            state: begun as Record<string, tf.Tensor>,
            step: (last, index) => extend(last, index.add(1).toInt(), beam, seen) as Record<string, tf.Tensor>,
            goOn: ({ scores }) => scores!.max().greater(Number.NEGATIVE_INFINITY),
          });
    return { tokens: tokens!, parents: parents!, logProbs: logProbs!, ...(attention && { attention: paid! }) };
  };
}

/**
 * Tokens that each step chooses from at least: as many as any width at which the graph is tried when it is exported. A search is
 * never wider than the vocabulary.
 */
const LEAST_TOKENS = 64;

/** Probabilities [rows, vocabulary] with impossible tokens behind a small vocabulary: they come after all others. */
function wide(probabilities: tf.Tensor): tf.Tensor {
  const missing = LEAST_TOKENS - probabilities.shape[1]!;
  return missing > 0
    ? tf.pad(probabilities, [
        [0, 0],
        [0, missing],
      ])
    : probabilities;
}

interface Seen {
  readonly source: tf.Tensor;
  readonly outputs: tf.Tensor;
}

/** Each row so many times, one after the other. */
function eachTimes(x: tf.Tensor, times: number): tf.Tensor {
  const [rows, ...rest] = x.shape as [number, ...number[]];
  return x
    .expandDims(1)
    .tile([1, times, ...rest.map(() => 1)])
    .reshape([rows * times, ...rest]);
}
