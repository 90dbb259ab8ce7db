import type { tf } from '@onnx-forge/export';
import type { ImageEntry } from '@onnx-forge/infer';
import type { Tensors } from '../graph.js';
import { graphsOf, type Served } from '../served.js';
import { classifierValidation } from './measures/classification.js';

/** A classifier of images. */
export interface ClassifierModelOptions {
  /** The name of each class. */
  readonly classes: readonly string[];
  /** Length of a feature vector. */
  readonly featureDim: number;
  readonly image: ImageEntry;
  /** x [batch, pixels] -> the last hidden layer, [batch, featureDim]. */
  features(x: tf.Tensor): tf.Tensor;
  /** features [batch, featureDim] -> logits [batch, classes]. */
  logits(features: tf.Tensor): tf.Tensor;
}

/** Serves classify: x -> logits, probabilities, features. Validation needs the fields `x` and `label`. */
export function classifierModel(options: ClassifierModelOptions): Served<'classifier'> {
  const { classes, featureDim, image, features, logits } = options;
  const serve = { classes, featureDim, image };
  return {
    kind: 'classifier',
    serve,
    graphs: graphsOf(
      'classifier',
      { serve },
      {
        classify({ x }: Tensors<'x'>) {
          const placed = features(x);
          const scores = logits(placed);
          return { logits: scores, probabilities: scores.softmax(), features: placed };
        },
      },
    ),
    validation: classifierValidation,
  };
}
