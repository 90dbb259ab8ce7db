import type { tf } from '@onnx-forge/export';
import type { ServeOf } from '@onnx-forge/infer';
import type { Tensors } from '../graph.js';
import { graphsOf, type Served } from '../served.js';
import { textClassifierValidation } from './measures/text-classification.js';

/** A classifier of texts. */
export interface TextClassifierModelOptions {
  /** The name of each class. */
  readonly classes: readonly string[];
  /** How a text becomes tokens; the data were made with the same. */
  readonly tokeniser: ServeOf<'text-classifier'>['tokeniser'];
  /** Name of the vocabulary, and how many tokens it has. */
  readonly vocabulary: string;
  readonly vocabularySize: number;
  /** The most tokens of a text. */
  readonly maxLength: number;
  /** Token ids int32 [batch, length], any length, 0 where a text is over -> p(class), [batch, classes]. */
  probabilities(tokens: tf.Tensor): tf.Tensor;
}

/** Serves classify: tokens -> probabilities. Validation needs the fields `tokens` and `label`. */
export function textClassifierModel({
  probabilities,
  ...serve
}: TextClassifierModelOptions): Served<'text-classifier'> {
  return {
    kind: 'text-classifier',
    serve,
    graphs: graphsOf(
      'text-classifier',
      { serve },
      {
        classify: ({ tokens }: Tensors<'tokens'>) => ({ probabilities: probabilities(tokens) }),
      },
    ),
    validation: textClassifierValidation,
  };
}
