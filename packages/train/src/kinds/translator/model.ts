import type { tf } from '@onnx-forge/export';
import type { DataFacts } from '../../data/facts.js';
import { pairLengths, type SentencePairOptions } from '../../data/prepare/sentence-pairs.js';
import type { Tensors } from '../graph.js';
import { graphsOf, type Served } from '../served.js';
import { translatorValidation } from './measures/right-translations.js';

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
  const serve = {
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
    serve,
    graphs: graphsOf(
      'translator',
      { serve },
      {
        encode: ({ source }: Tensors<'source'>) => ({ ...encode(source) }),
        decodeStep: ({ source, outputs, ...step }: Tensors<'token' | 'state' | 'source' | 'outputs'>) => ({
          ...decodeStep(step, attention ? { source, outputs } : undefined),
        }),
      },
    ),
    validation: translatorValidation,
  };
}
