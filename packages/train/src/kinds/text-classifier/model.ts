import type { tf } from '@onnx-forge/export';
import { padRows, type ServeOf } from '@onnx-forge/infer';
import { validateClassification } from '../classifier/validation.js';
import type { Tensors } from '../graph.js';
import { graphsOf, type Served } from '../served.js';

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
  ...facts
}: TextClassifierModelOptions): Served<'text-classifier'> {
  return {
    kind: 'text-classifier',
    facts,
    graphs: graphsOf(
      'text-classifier',
      { serve: facts },
      {
        classify: ({ tokens }: Tensors<'tokens'>) => ({ probabilities: probabilities(tokens) }),
      },
    ),
    validate: (graphs, split) =>
      validateClassification(split, {
        field: 'tokens',
        batchSize: 200,
        async probabilities(values, size) {
          const length = values.length / size;
          const rows = Array.from({ length: size }, (_, row) => values.subarray(row * length, (row + 1) * length));
          return (await graphs.run('classify', { tokens: padRows(rows, { length }) })).probabilities!
            .data as Float32Array;
        },
      }),
  };
}
