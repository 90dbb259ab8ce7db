import type { tf } from '@onnx-forge/export';
import { padRows } from '@onnx-forge/infer';
import { evaluationBatches } from '../data/batches.js';
import type { Split } from '../data/data-set.js';
import { type GraphRunner, graph } from './graph.js';
import type { ServeFacts } from './kinds.js';
import type { Served } from './served.js';

/** A classifier of texts. */
export interface TextClassifierModelOptions {
  /** The name of each class. */
  readonly classes: readonly string[];
  /** How a text becomes tokens; the data were made with the same. */
  readonly tokeniser: ServeFacts<'text-classifier'>['tokeniser'];
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
    graphs: {
      classify: graph(
        { tokens: { shape: ['batch', 'length'], dtype: 'int32', below: facts.vocabularySize } },
        ({ tokens }) => ({ probabilities: probabilities(tokens) }),
      ),
    },
    validate: (graphs, split) => validation(graphs, split),
  };
}

/** Mean cross-entropy (nats) and accuracy over all examples of a split, summed in float64. */
async function validation(graphs: GraphRunner, split: Split): Promise<{ crossEntropy: number; accuracy: number }> {
  let [surprise, right] = [0, 0];
  for (const { size, fields } of evaluationBatches(split, { batchSize: 200, fields: ['tokens', 'label'] })) {
    const length = fields.tokens!.length / size;
    const rows = Array.from({ length: size }, (_, row) => fields.tokens!.subarray(row * length, (row + 1) * length));
    const { probabilities } = await graphs.run('classify', { tokens: padRows(rows, { length }) });
    const classes = probabilities!.data.length / size;
    for (let row = 0; row < size; row++) {
      const of = (probabilities!.data as Float32Array).subarray(row * classes, (row + 1) * classes);
      const label = fields.label![row]!;
      surprise -= Math.log(Math.max(of[label]!, Number.MIN_VALUE));
      if (of.every((value) => value <= of[label]!)) right++;
    }
  }
  return { crossEntropy: surprise / split.size, accuracy: right / split.size };
}
