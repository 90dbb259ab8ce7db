import { tf } from '@onnx-forge/export';
import type { DataFacts } from '../../data/facts.js';
import { pairLengths, type SentencePairOptions } from '../../data/prepare/sentence-pairs.js';
import type { Tensors } from '../graph.js';
import { graphsOf, type Served } from '../served.js';
import { beamTranslation, type TranslatorCode } from './beam.js';
import { translatorValidation } from './measures/right-translations.js';

/** A model that translates sentences token by token. */
export interface TranslatorModelOptions extends TranslatorCode {
  readonly pairs: SentencePairOptions;
  readonly facts: DataFacts;
  /** Length of the encoder's vectors. */
  readonly units: number;
}

/** Serves encode, decodeStep, and beamSearch, which is both in one. Validation needs the fields `source` and `target`. */
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
        decodeStep({ source, outputs, ...step }: Tensors<'token' | 'state' | 'source' | 'outputs'>) {
          const next = decodeStep(step, attention ? { source, outputs } : undefined);
          if ('logProbs' in next) return { ...next };
          const { logits, ...others } = next;
          return { logProbs: tf.logSoftmax(logits), ...others };
        },
        beamSearch: beamTranslation({
          ...{ encode, decodeStep, attention, maxLength: lengths.target, end: pairs.targetEnd },
          vocabulary: target!,
        }),
      },
    ),
    validation: translatorValidation,
  };
}
