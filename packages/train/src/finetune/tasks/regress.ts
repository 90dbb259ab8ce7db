import { tf } from '@onnx-forge/export';
import type { ImageEntry } from '@onnx-forge/infer';
import { evaluationBatches } from '../../data/batches.js';
import { type DataSet, type Field, SPLIT_NAMES, type Split } from '../../data/data-set.js';
import { exampleSize } from '../../data/fields.js';
import { TrainError } from '../../errors.js';
import { curves } from '../../figures/curves.js';
import { graphsOf, type Served } from '../../kinds/served.js';
import type { Measure } from '../../measures/measure.js';
import type { ImageLayout } from '../image-input.js';
import { imageMap } from './image-map.js';
import { describeSize, type Task, type TaskFacts } from './task.js';

/** Images in one call: what their fields take in memory is bounded. */
const IMAGES_PER_CALL = 200;

/** Mean over examples and numbers of (y - target)^2. */
const squaredError: Measure<typeof imageMap> = async (model, { splits }, { split }) => {
  const { size, fields } = splits[split];
  let sum = 0;
  for (const batch of evaluationBatches(splits[split], { batchSize: IMAGES_PER_CALL })) {
    const { data } = await model.map(batch.fields.x as Float32Array);
    sum += data.reduce((total, y, i) => total + (y - batch.fields.target![i]!) ** 2, 0);
  }
  const value = sum / (size * exampleSize(fields.target!.shape));
  return [{ name: 'squaredError', value, unit: '1', split, examples: size }];
};

/** The mean squared error against a field of the data, or against the image itself. */
export const regress: Task = {
  says: 'numbers for images, by their mean squared error: of the image itself, or of another field of the data',
  batch({ input: { image }, outputSize }) {
    const { height, width, channels } = image;
    return {
      x: { shape: [height * width * channels], image: [height, width, channels] },
      target: { shape: outputSize },
    };
  },
  prepare(dataSet, facts) {
    const splits = SPLIT_NAMES.map((name) => [name, withTarget(dataSet.splits[name], dataSet.name, facts)]);
    return { ...dataSet, splits: Object.fromEntries(splits) as DataSet['splits'] };
  },
  loss(_, apply, { x, target }, { output }) {
    const y = apply(x!)[output]!;
    return { loss: tf.squaredDifference(y, tf.reshape(target!, y.shape)).mean() as tf.Scalar };
  },
  serves(_, apply, { input: { image }, output, outputSize }) {
    const serve = { image, size: outputSize };
    const map = ({ x }: Readonly<Record<string, tf.Tensor>>) => ({ y: apply(x!)[output]! });
    const graphs = graphsOf(imageMap, { serve }, { map });
    return { kind: imageMap, serve, graphs, validation: squaredError } as unknown as Served;
  },
  kinds: [imageMap],
  evaluate: squaredError as unknown as Measure,
  figures: {
    curves: curves({
      title: 'Fine-tuning',
      y: 'mean squared error',
      lines: [
        { name: 'training', kind: 'train', metric: 'tune/loss' },
        { name: 'validation', kind: 'validation', metric: 'squaredError' },
      ],
    }),
  },
};

/** The split with the field that the output is compared with. */
function withTarget(split: Split, dataSet: string, { file, output, outputSize, input, options }: TaskFacts): Split {
  const source = split.fields[options.target];
  if (!source) {
    const known = Object.keys(split.fields).join(', ');
    const message = `the data set '${dataSet}' has no field '${options.target}' to compare the output with; it has ${known}`;
    throw new TrainError('data-mismatch', message, { dataSet, field: options.target });
  }
  if (exampleSize(source.shape) !== exampleSize(outputSize)) {
    const message = `${file}: output '${output}' is ${describeSize(outputSize)} for an image, and the field '${options.target}' that it is compared with ${describeSize(source.shape)}; --set target=FIELD names another`;
    throw new TrainError('data-mismatch', message, { want: outputSize, have: source.shape });
  }
  const target = options.target === 'x' ? laid(source, input.image, input.layout) : { ...source, shape: outputSize };
  return { ...split, fields: { ...split.fields, target } };
}

/** Images in the order of the model's input. */
function laid(source: Field, { height, width, channels }: ImageEntry, layout: ImageLayout): Field {
  const { readAhead, finite } = source;
  const places = height * width;
  const size = places * channels;
  return {
    shape: [size],
    dtype: 'float32',
    ...(finite && { finite }),
    ...(readAhead && { readAhead }),
    read(index, out, offset) {
      if (layout !== 'nchw' || channels === 1) return source.read(index, out, offset);
      const image = new Float32Array(size);
      source.read(index, image, 0);
      for (let c = 0; c < channels; c++) {
        for (let p = 0; p < places; p++) out[offset + c * places + p] = image[p * channels + c]!;
      }
    },
  };
}
