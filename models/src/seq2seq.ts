import {
  attentionMaps,
  attentionOnMarks,
  bleuByLength,
  count,
  curves,
  defineRecipe,
  detached,
  dropout,
  fraction,
  gruStep,
  type Initializers,
  type Network,
  type OptionValue,
  oneOf,
  pairLengths,
  positive,
  proportion,
  SENTENCE_IDS,
  type SentencePairOptions,
  sentencePairs,
  sequential,
  tf,
  tokenCrossEntropy,
  translation,
  translatorModel,
  wordDropout,
} from '@onnx-forge/train';

const { layers } = tf;
const { padding, start } = SENTENCE_IDS;

export type Attention = 'content' | 'position' | 'none';

export type Seq2seq = {
  readonly sourceEmbedding: Network;
  /** Of a GRU: [rows, units] -> [rows, 3 units], and [batch, units] -> [batch, 3 units]. */
  readonly encoderInput: Network;
  readonly encoderState: Network;
  /** The same from the last token to the first; the two then have half the units each. */
  readonly backwardInput?: Network;
  readonly backwardState?: Network;
  readonly targetEmbedding: Network;
  readonly decoderInput: Network;
  readonly decoderState: Network;
  /** `content`: [rows, units] -> [rows, units], a query; `position`: [rows, 2 units] -> [rows, length], scores. */
  readonly attention?: Network;
  /** The decoder's state, and with attention the context beside it, [rows, units or 2 units] -> [rows, units]. */
  readonly combine: Network;
  /** [rows, units] -> logits [rows, vocabulary]. */
  readonly output: Network;
};

/** A sentence as the encoder leaves it. */
interface Encoded {
  /** One vector a token, the encoder's state plus the word's own, [batch, length, units]; zeros for padding. */
  readonly outputs: tf.Tensor;
  /** After the last token, [batch, units]. */
  readonly state: tf.Tensor;
  /** 1 for a token, 0 for padding, [batch, length]. */
  readonly mask: tf.Tensor;
}

/** Steps of the decoder, [batch, steps, units] each. */
interface Decoded {
  /** The tokens that were put in. */
  readonly embedded: tf.Tensor;
  /** The states that they met. */
  readonly before: tf.Tensor;
  /** The states that they left. */
  readonly after: tf.Tensor;
}

type Regulariser = (x: tf.Tensor) => tf.Tensor;
const unchanged: Regulariser = (x) => x;

function linear(inputs: number, units: number, init: Initializers): Network {
  const kernelInitializer = init.fanInUniform();
  const biasInitializer = init.fanInUniformBias(inputs);
  return sequential([layers.dense({ inputShape: [inputs], units, kernelInitializer, biasInitializer })]);
}

function embedding(tokens: number, units: number, init: Initializers): Network {
  const embeddingsInitializer = init.normal(0.3);
  return sequential([
    layers.embedding({ batchInputShape: [null, null], inputDim: tokens, outputDim: units, embeddingsInitializer }),
  ]);
}

/** A network of rows on the last axis of any tensor: all steps of all sentences in one matrix product. */
function onLastAxis(network: Network, x: tf.Tensor): tf.Tensor {
  const before = x.shape.slice(0, -1);
  const y = network.apply(x.reshape([-1, x.shape.at(-1)!]));
  return y.reshape([...before, y.shape[1]!]);
}

/** [steps, batch, features] -> [batch, features] each. The gradient of tfjs's `unstack` fails where there is one. */
function steps(x: tf.Tensor): tf.Tensor[] {
  return x.shape[0] === 1 ? [x.squeeze([0])] : tf.unstack(x);
}

/** 1 for a token, 0 for padding. */
function present(tokens: tf.Tensor): tf.Tensor {
  return tokens.notEqual(padding).toFloat();
}

/** Reads the sentences, int32 [batch, length], token by token; what is padding changes nothing. */
export function encode(nets: Seq2seq, source: tf.Tensor, regularise: Regulariser = unchanged): Encoded {
  const mask = present(source);
  const embedded = regularise(nets.sourceEmbedding.apply(source.transpose())); // [length, batch, units]
  const inputsOf = (network: Network) => steps(onLastAxis(network, embedded));
  const isToken = tf.split(mask, source.shape[1]!, 1); // [batch, 1] each
  const forward = readTokens(nets.encoderState, inputsOf(nets.encoderInput), isToken);
  let { state } = forward;
  let read = tf.stack(forward.outputs, 1);
  if (nets.backwardInput !== undefined && nets.backwardState !== undefined) {
    const inputs = inputsOf(nets.backwardInput).toReversed();
    const backward = readTokens(nets.backwardState, inputs, isToken.toReversed());
    state = tf.concat([state, backward.state], 1);
    read = tf.concat([read, tf.stack(backward.outputs.toReversed(), 1)], 2);
  }
  // The word itself goes along: a rare one is known by its own vector sooner than by what a GRU makes of it.
  const outputs = read.add(embedded.transpose([1, 0, 2])).mul(mask.expandDims(2));
  return { outputs, state, mask };
}

/** A GRU's state after each token, and after the last; at padding it stays. */
function readTokens(
  ofState: Network,
  inputs: readonly tf.Tensor[],
  isToken: readonly tf.Tensor[],
): { outputs: tf.Tensor[]; state: tf.Tensor } {
  let state = tf.zerosLike(inputs[0]!.slice([0, 0], [-1, inputs[0]!.shape[1]! / 3]));
  const outputs = inputs.map((input, i) => {
    const next = gruStep(input, ofState.apply(state), state);
    state = state.add(next.sub(state).mul(isToken[i]!));
    return state;
  });
  return { outputs, state };
}

/** The decoder's states when it is teacherForced the tokens, int32 [batch, steps]. */
export function decode(nets: Seq2seq, tokens: tf.Tensor, state: tf.Tensor, regularise = unchanged): Decoded {
  const embedded = regularise(nets.targetEmbedding.apply(tokens.transpose())); // [steps, batch, units]
  const states = [state];
  for (const input of steps(onLastAxis(nets.decoderInput, embedded))) {
    const last = states.at(-1)!;
    states.push(gruStep(input, nets.decoderState.apply(last), last));
  }
  const [before, after] = [tf.stack(states.slice(0, -1), 1), tf.stack(states.slice(1), 1)];
  return { embedded: embedded.transpose([1, 0, 2]), before, after };
}

/**
 * Where each step of the decoder looks, and what it knows then.
 *
 * - content: softmax over the source of state' W output / sqrt(units) (Luong et al. 2015, "general")
 * - position: softmax of scores that are computed from the token and the state before it, one for each position; the
 *   encoder's outputs have no say in them (the attention of PyTorch's tutorial until 2023)
 *
 * Padding gets no attention in either.
 *
 * @returns features [batch, steps, units]; attention [batch, steps, length], undefined where there is none
 */
export function attend(
  nets: Seq2seq,
  kind: Attention,
  { embedded, before, after }: Decoded,
  encoded: Pick<Encoded, 'outputs' | 'mask'> | undefined,
): { features: tf.Tensor; attention: tf.Tensor | undefined } {
  if (nets.attention === undefined || encoded === undefined) {
    return { features: onLastAxis(nets.combine, after).tanh(), attention: undefined };
  }
  const { outputs, mask } = encoded;
  const scores =
    kind === 'content'
      ? tf.matMul(onLastAxis(nets.attention, after), outputs, false, true).div(Math.sqrt(outputs.shape[2]!))
      : onLastAxis(nets.attention, tf.concat([embedded, before], 2));
  const attention = scores.add(mask.sub(1).mul(1e9).expandDims(1)).softmax();
  const seen = tf.matMul(attention, outputs);
  return { features: onLastAxis(nets.combine, tf.concat([after, seen], 2)).tanh(), attention };
}

/**
 * The decoder's steps where only some of the sentences are teacherForced the right token before the next step; the others go on with
 * the token that the model itself thinks the best.
 *
 * @param teacherForced [batch], true for the sentences that are teacherForced
 */
function decodePartlyTold(
  nets: Seq2seq,
  kind: Attention,
  { target, teacherForced }: { target: tf.Tensor; teacherForced: tf.Tensor },
  encoded: Encoded,
  regularise: Regulariser,
): Decoded {
  const gold = tf.unstack(target, 1);
  const taken: Decoded[] = [];
  let token = tf.fill([target.shape[0]!], start, 'int32');
  let { state } = encoded;
  for (const right of gold) {
    const step = decode(nets, token.expandDims(1), state, regularise);
    taken.push(step);
    state = step.after.squeeze([1]);
    token = detached(() => {
      const logits = onLastAxis(nets.output, attend(nets, kind, step, encoded).features);
      return tf.where(teacherForced, right, logits.argMax(2).squeeze([1]).toInt());
    });
  }
  const all = (part: keyof Decoded) =>
    tf.concat(
      taken.map((step) => step[part]),
      1,
    );
  return { embedded: all('embedded'), before: all('before'), after: all('after') };
}

/** The tokens before those of the target: [batch, steps] -> [batch, steps]. */
function shifted(target: tf.Tensor): tf.Tensor {
  const [batch, steps] = target.shape as [number, number];
  return tf.concat([tf.fill([batch, 1], start, 'int32'), target.slice([0, 0], [batch, steps - 1])], 1);
}

/** A whole number of at least 2 that halves. */
function even(value: number) {
  const { accepts } = count(value, 2);
  const expects = 'an even whole number';
  return { default: value, expects, accepts: (given: OptionValue) => accepts(given) && (given as number) % 2 === 0 };
}

interface Marks {
  /** Which sides the end mark stands after. */
  readonly eos: 'both' | 'target' | 'none';
  /** Whether the start mark stands before the source. */
  readonly sos: boolean;
  readonly maxWords: number;
}

function pairOptions({ eos, sos, maxWords }: Marks): SentencePairOptions {
  return { maxWords, sourceStart: sos, sourceEnd: eos === 'both', targetEnd: eos !== 'none' };
}

/**
 * Translation by a recurrent encoder and decoder with attention: 3MD3020, assignment 1, questions 12 to 14, after PyTorch's
 * tutorial (GRUs of 256 units, French to English, sentences of at most 9 words and marks). Other than there, by default: the
 * encoder reads from both ends and passes each word's own vector on; attention looks at what it made of the words, and
 * padding gets none; words are dropped in training; and it trains by Adam on batches with clipped gradients, on sentences of
 * which the test split has none.
 */
export default defineRecipe({
  name: 'seq2seq',
  task: 'translation by a GRU encoder and decoder with attention',
  source: 'Cho et al. 2014, Luong et al. 2015; 3MD3020 assignment 1, questions 12-14',
  data: {
    real: 'eng-fra',
    embedded: 'synthetic-grammar',
    own: 'pairs of sentences: a table with the columns source and target (--columns source=...,target=...)',
  },
  options: {
    units: even(256),
    /** Whether a second encoder reads from the end; each then has half the units. */
    bidirectional: true,
    attention: oneOf('content', 'position', 'none'),
    /** The fraction of the sentences that are teacher-forced: given the right token after each step. The others go on from their own. */
    teacherForcing: proportion(1),
    dropoutRate: fraction(0.3),
    /** The fraction of the source words that training replaces by `<unk>`, so that the model learns to read unknown words. */
    wordDropoutRate: fraction(0.1),
    eos: oneOf('both', 'target', 'none'),
    sos: false,
    maxWords: 9,
    learningRate: positive(3e-3),
    schedule: 'cosine',
    clipNorm: positive(1),
    batchSize: 64,
    epochs: 8,
  },
  presets: {
    /** The encoder, attention, teacher forcing and dropout of the tutorial. */
    tutorial: {
      bidirectional: false,
      attention: 'position',
      teacherForcing: 0.5,
      dropoutRate: 0.1,
      wordDropoutRate: 0,
    },
    small: { units: 128, epochs: 4 },
  },

  prepare: (dataSet, options) => sentencePairs(dataSet, pairOptions(options)),
  batch: (options) => {
    const { source, target } = pairLengths(pairOptions(options));
    return {
      source: { shape: [source], dtype: 'int32' },
      target: { shape: [target], dtype: 'int32' },
    };
  },

  nets({ units, bidirectional, attention, ...marks }, init, { vocabularies }): Seq2seq {
    const encoderUnits = bidirectional ? units / 2 : units;
    const [sources, targets] = [vocabularies.source!.length, vocabularies.target!.length];
    const nets = {
      sourceEmbedding: embedding(sources, units, init),
      encoderInput: linear(units, 3 * encoderUnits, init),
      encoderState: linear(encoderUnits, 3 * encoderUnits, init),
      ...(bidirectional && {
        backwardInput: linear(units, 3 * encoderUnits, init),
        backwardState: linear(encoderUnits, 3 * encoderUnits, init),
      }),
      targetEmbedding: embedding(targets, units, init),
      decoderInput: linear(units, 3 * units, init),
      decoderState: linear(units, 3 * units, init),
      combine: linear(attention === 'none' ? units : 2 * units, units, init),
      output: linear(units, targets, init),
    };
    if (attention === 'none') return nets;
    const { source } = pairLengths(pairOptions(marks));
    const query = attention === 'content' ? linear(units, units, init) : linear(2 * units, source, init);
    return { ...nets, attention: query };
  },

  steps: {
    translate: {
      updates: 'all',
      optimizer: ({ learningRate }) => tf.train.adam(learningRate, 0.9, 0.999, 1e-8),
      clipNorm: ({ clipNorm }) => clipNorm,
      loss(nets, { source, target }, rng, { attention, teacherForcing, dropoutRate, wordDropoutRate }) {
        const regularise: Regulariser = (x) => (dropoutRate > 0 ? dropout(x, dropoutRate, rng) : x);
        const words = wordDropoutRate > 0 ? wordDropout(source, wordDropoutRate, rng) : source;
        const encoded = encode(nets, words, regularise);
        const decoded =
          teacherForcing === 1
            ? decode(nets, shifted(target), encoded.state, regularise)
            : decodePartlyTold(
                nets,
                attention,
                { target, teacherForced: rng.uniform([target.shape[0]!]).less(teacherForcing) },
                encoded,
                regularise,
              );
        const { features } = attend(nets, attention, decoded, encoded);
        const logits = onLastAxis(nets.output, regularise(features)); // [batch, steps, vocabulary]
        return tokenCrossEntropy(logits.reshape([-1, logits.shape[2]!]), target.reshape([-1]), padding);
      },
    },
  },

  serves: (nets, { units, attention, ...marks }, facts) =>
    translatorModel({
      pairs: pairOptions(marks),
      facts,
      units,
      attention: attention !== 'none',
      encode(source) {
        const { outputs, state } = encode(nets, source);
        return { outputs, state };
      },
      decodeStep({ token, state }, seen) {
        const step = decode(nets, token.expandDims(1), state);
        const encoded = seen && { outputs: seen.outputs, mask: present(seen.source) };
        const { features, attention: paid } = attend(nets, attention, step, encoded);
        return {
          logits: onLastAxis(nets.output, features).squeeze([1]),
          nextState: step.after.squeeze([1]),
          ...(paid && { attention: paid.squeeze([1]) }),
        };
      },
    }),

  evaluate: translation,

  figures: {
    attention: attentionMaps,
    attentionOnMarks,
    bleuByLength,
    curves: curves({
      title: 'Learning to translate',
      y: 'nats per token',
      lines: [
        { name: 'training, with dropout', kind: 'train', metric: 'translate/loss' },
        { name: 'validation, teacherForced the right tokens', kind: 'validation', metric: 'crossEntropy' },
        { name: 'validation, from its own tokens', kind: 'validation', metric: 'crossEntropyAlone' },
      ],
    }),
  },
});
