import type { tf } from '@onnx-forge/export';
import { TranslationSteps } from '@onnx-forge/infer';
import { evaluationBatches } from '../../data/batches.js';
import type { Split } from '../../data/data-set.js';
import type { DataFacts } from '../../data/facts.js';
import { pairLengths, SENTENCE_IDS, type SentencePairOptions } from '../../data/prepare/sentence-pairs.js';
import type { GraphRunner, Tensors } from '../graph.js';
import { graphsOf, type Served } from '../served.js';

/** A model that translates sentences token by token. */
export interface TranslatorModelOptions {
  readonly pairs: SentencePairOptions;
  readonly facts: DataFacts;
  /** Length of the encoder's vectors. */
  readonly units: number;
  /** Whether the decoder looks back at the source. */
  readonly attention: boolean;
  /** Source tokens, int32 [batch, length] -> a vector for each, [batch, length, units], and the decoder's first state, [batch, units]. */
  encode(source: tf.Tensor): { readonly outputs: tf.Tensor; readonly state: tf.Tensor };
  /**
   * One step: the last token, int32 [batch], and the state before it -> log p of the next, [batch, vocabulary], the next
   * state, and the attention paid, [batch, length]. `seen` is what it may look back at, if the model does.
   */
  decodeStep(
    step: { readonly token: tf.Tensor; readonly state: tf.Tensor },
    seen?: { readonly source: tf.Tensor; readonly outputs: tf.Tensor },
  ): { readonly logProbs: tf.Tensor; readonly nextState: tf.Tensor; readonly attention?: tf.Tensor };
}

/** Serves encode and decodeStep. Validation needs the fields `source` and `target`. */
export function translatorModel(options: TranslatorModelOptions): Served<'translator'> {
  const { pairs, units, attention, encode, decodeStep } = options;
  const lengths = pairLengths(pairs);
  const { source, target } = options.facts.vocabularies;
  const facts = {
    tokeniser: 'asciiWords',
    sourceLength: lengths.source,
    sourceMarks: { start: pairs.sourceStart, end: pairs.sourceEnd },
    maxLength: lengths.target,
    end: pairs.targetEnd,
    units,
    attention,
    vocabularySizes: { source: source!.length, target: target!.length },
  };
  return {
    kind: 'translator',
    facts,
    graphs: graphsOf(
      'translator',
      { serve: facts },
      {
        encode: ({ source }: Tensors<'source'>) => ({ ...encode(source) }),
        decodeStep: ({ source, outputs, ...step }: Tensors<'token' | 'state' | 'source' | 'outputs'>) => ({
          ...decodeStep(step, attention ? { source, outputs } : undefined),
        }),
      },
    ),
    validate: (graphs, split) => validation(graphs, split, { attention, end: pairs.targetEnd }),
  };
}

/**
 * Nats per token of the right translations, padding left out: `crossEntropy` when the model is told the right tokens so far
 * (this is -log p(translation | sentence)), `crossEntropyAlone` when it goes on from its own most probable ones, as when it
 * translates. And `exactMatch`, the part of the sentences that it then gets right to the word.
 */
async function validation(
  graphs: GraphRunner,
  split: Split,
  { attention, end }: { readonly attention: boolean; readonly end: boolean },
): Promise<Record<string, number>> {
  const sums = { told: 0, alone: 0, tokens: 0, right: 0 };
  for (const { size, fields } of evaluationBatches(split, { batchSize: 256, fields: ['source', 'target'] })) {
    const sourceIds = fields.source as Int32Array;
    const target = fields.target as Int32Array;
    const source = { type: 'int32', dims: [size, sourceIds.length / size], data: sourceIds } as const;
    for (const told of [true, false]) {
      const { surprise, tokens, right } = await follow(graphs, source, { target, told, attention, end });
      sums[told ? 'told' : 'alone'] += surprise;
      if (!told) [sums.tokens, sums.right] = [sums.tokens + tokens, sums.right + right];
    }
  }
  return {
    crossEntropy: sums.told / sums.tokens,
    crossEntropyAlone: sums.alone / sums.tokens,
    exactMatch: sums.right / split.size,
  };
}

/** Decodes some sentences beside their right translations; sums over them. */
async function follow(
  graphs: GraphRunner,
  source: Parameters<typeof TranslationSteps.begin>[1],
  options: {
    readonly target: Int32Array;
    readonly told: boolean;
    readonly attention: boolean;
    readonly end: boolean;
  },
): Promise<{ surprise: number; tokens: number; right: number }> {
  const { target, told, attention, end } = options;
  const size = source.dims[0]!;
  const length = target.length / size;
  const rows = Array.from({ length: size }, (_, row) => row);
  const steps = await TranslationSteps.begin((name, feeds) => graphs.run(name, feeds), source, attention);
  const right = new Uint8Array(size).fill(1);
  let [surprise, tokens] = [0, 0];
  let token = new Int32Array(size).fill(SENTENCE_IDS.start);
  for (let step = 0; step < length; step++) {
    const { logProbs } = await steps.step(rows, token);
    const vocabulary = logProbs.length / size;
    const next = new Int32Array(size);
    for (const row of rows) {
      const of = logProbs.subarray(row * vocabulary, (row + 1) * vocabulary);
      const wanted = target[row * length + step]!;
      const best = largest(of);
      next[row] = told ? wanted : best;
      if (wanted === SENTENCE_IDS.padding) {
        // After the end mark nothing counts; without one the model should have ended, and can't.
        if (!end) right[row] = 0;
        continue;
      }
      surprise -= of[wanted]!;
      tokens++;
      if (best !== wanted) right[row] = 0;
    }
    token = next;
  }
  return { surprise, tokens, right: right.reduce((sum, value) => sum + value, 0) };
}

function largest(values: Float32Array): number {
  let at = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[at]!) at = i;
  return at;
}
