import type { tf } from '@onnx-forge/export';
import type { DataFacts } from '../../data/facts.js';
import { TrainError } from '../../errors.js';
import { curves } from '../../figures/curves.js';
import type { Figure } from '../../figures/figure.js';
import { mistakes } from '../../kinds/classifier/figures/mistakes.js';
import { classification } from '../../kinds/classifier/measures/classification.js';
import { classifierModel } from '../../kinds/classifier/model.js';
import type { Served } from '../../kinds/served.js';
import type { Measure } from '../../measures/measure.js';
import { accuracy, crossEntropy } from '../../objectives/cross-entropy.js';
import type { ImportedNetwork } from '../imported-network.js';
import { describeSize, type Task, type TaskFacts } from './task.js';

/** Cross-entropy of class labels: the model becomes a classifier of images. */
export const classify: Task = {
  says: 'classes of images, by the cross-entropy of their labels',
  batch(facts, data) {
    const { height, width, channels } = facts.input.image;
    const classes = classesOf(facts, data).length;
    return {
      x: { shape: [height * width * channels], image: [height, width, channels] },
      label: { shape: [], dtype: 'int32', below: classes },
    };
  },
  loss(net, apply, { x, label }, facts) {
    const { logits } = scores(net, apply(x!, valuesOf(net)), facts);
    return { loss: crossEntropy(logits, label!), accuracy: accuracy(logits, label!) };
  },
  serves(net, apply, facts, data) {
    const served = classifierModel({
      classes: classesOf(facts, data),
      featureDim: facts.features ?? facts.outputSize[0]!,
      image: facts.input.image,
      features: (x) => x,
      logits: (features) => features,
    });
    const classify = served.graphs.classify!;
    const run = ({ x }: Readonly<Record<string, tf.Tensor>>) => {
      const { logits, features } = scores(net, apply(x!, valuesOf(net)), facts);
      return { logits, probabilities: logits.softmax(), features };
    };
    return { ...served, graphs: { classify: { ...classify, run } } } as Served;
  },
  evaluate: classification as Measure,
  figures: {
    mistakes: mistakes as Figure,
    curves: curves({
      title: 'Fine-tuning',
      y: 'accuracy',
      lines: [
        { name: 'training', kind: 'train', metric: 'tune/accuracy' },
        { name: 'validation', kind: 'validation', metric: 'accuracy' },
      ],
    }),
  },
};

const valuesOf = ({ head }: ImportedNetwork): string[] => (head ? [head.logits, head.features] : []);

/** Logits before any softmax of the file, and what its last layer takes. */
function scores(
  { head }: ImportedNetwork,
  values: Record<string, tf.Tensor>,
  { output }: TaskFacts,
): { readonly logits: tf.Tensor; readonly features: tf.Tensor } {
  const logits = values[head?.logits ?? output]!;
  return { logits, features: head ? values[head.features]! : logits };
}

/** @throws TrainError (`data-mismatch`) unless the file tells as many classes apart as there are */
function classesOf({ file, output, outputSize }: TaskFacts, { vocabularies }: DataFacts): readonly string[] {
  const [classes] = outputSize;
  if (outputSize.length !== 1 || classes! < 2) {
    const message = `${file}: output '${output}' is ${describeSize(outputSize)} for an image; cross-entropy wants a number for each of two classes or more`;
    throw new TrainError('data-mismatch', message, { output, size: outputSize });
  }
  const { label } = vocabularies;
  if (label === undefined) return Array.from({ length: classes! }, (_, index) => String(index));
  if (label.length === classes) return label;
  const message = `${file} tells ${classes} classes apart, and the data have ${label.length}: --head ${label.length} (in a recipe file head: ${label.length}) gives it a new last layer`;
  throw new TrainError('data-mismatch', message, { want: classes, have: label.length });
}
