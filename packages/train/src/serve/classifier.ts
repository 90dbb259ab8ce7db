import type { tf } from '@onnx-forge/export';
import { float32 } from '@onnx-forge/infer';
import { evaluationBatches } from '../data/batches.js';
import type { Split } from '../data/data-set.js';
import { type GraphRunner, graph } from './graph.js';
import type { ImageFacts } from './kinds.js';
import type { Served } from './served.js';

/** A classifier of images. */
export interface ClassifierModelOptions {
  /** The name of each class. */
  readonly classes: readonly string[];
  /** Length of a feature vector. */
  readonly featureDim: number;
  readonly image: ImageFacts;
  /** x [batch, pixels] -> the last hidden layer, [batch, featureDim]. */
  features(x: tf.Tensor): tf.Tensor;
  /** features [batch, featureDim] -> logits [batch, classes]. */
  logits(features: tf.Tensor): tf.Tensor;
}

/** Serves classify: x -> logits, probabilities, features. Validation needs the fields `x` and `label`. */
export function classifierModel(options: ClassifierModelOptions): Served<'classifier'> {
  const { classes, featureDim, image, features, logits } = options;
  const pixels = image.height * image.width * image.channels;
  return {
    kind: 'classifier',
    facts: { classes, featureDim, image },
    graphs: {
      classify: graph({ x: ['batch', pixels] }, ({ x }) => {
        const placed = features(x);
        const scores = logits(placed);
        return { logits: scores, probabilities: scores.softmax(), features: placed };
      }),
    },
    validate: (graphs, split) => validation(graphs, split),
  };
}

/** Mean cross-entropy (nats) and accuracy over all examples of a split, summed in float64. */
async function validation(graphs: GraphRunner, split: Split): Promise<{ crossEntropy: number; accuracy: number }> {
  let [surprise, right] = [0, 0];
  for (const { size, fields } of evaluationBatches(split, { batchSize: 500, fields: ['x', 'label'] })) {
    const x = fields.x as Float32Array;
    const { probabilities } = await graphs.run('classify', { x: float32(x, [size, x.length / size]) });
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
