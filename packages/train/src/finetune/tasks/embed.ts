import { tf } from '@onnx-forge/export';
import { TrainError } from '../../errors.js';
import { curves } from '../../figures/curves.js';
import type { Figure } from '../../figures/figure.js';
import { separation } from '../../kinds/embedding/figures/verification.js';
import { verification } from '../../kinds/embedding/measures/verification.js';
import { embeddingModel } from '../../kinds/embedding/model.js';
import type { Served } from '../../kinds/served.js';
import type { Measure } from '../../measures/measure.js';
import { pairwiseContrastiveLoss } from '../../objectives/pairwise-contrastive-loss.js';
import { describeSize, type Task, type TaskFacts } from './task.js';

/** The contrastive loss of all pairs of a batch: the model places images as vectors. */
export const embed: Task = {
  says: 'vectors of images, near each other where the label is the same',
  batch(facts) {
    embeddingDim(facts);
    const { height, width, channels } = facts.input.image;
    return {
      x: { shape: [height * width * channels], image: [height, width, channels] },
      label: { shape: [], dtype: 'int32' },
    };
  },
  loss(_, apply, { x, label }, { output, options: { margin } }) {
    const vectors = apply(x!)[output]!;
    // Every image of a batch is another one.
    const images = tf.range(0, vectors.shape[0]!, 1, 'int32');
    return pairwiseContrastiveLoss(vectors, label!, images, margin);
  },
  serves: (_, apply, facts) =>
    embeddingModel({
      embeddingDim: embeddingDim(facts),
      image: facts.input.image,
      metric: 'euclidean',
      embed: (x) => apply(x)[facts.output]!,
      identity: 'label',
    }) as Served,
  evaluate: verification as Measure,
  figures: {
    separation: separation as Figure,
    curves: curves({
      title: 'Fine-tuning',
      y: 'area under the ROC curve',
      lines: [{ name: 'validation', kind: 'validation', metric: 'auc' }],
    }),
  },
};

function embeddingDim({ file, output, outputSize }: TaskFacts): number {
  const [length] = outputSize;
  if (outputSize.length === 1) return length!;
  const message = `${file}: output '${output}' is ${describeSize(outputSize)} for an image; the contrastive loss wants a vector`;
  throw new TrainError('data-mismatch', message, { output, size: outputSize });
}
