import { compileStep, exportOnnx, tf } from '@onnx-forge/export';
import { importModel } from '@onnx-forge/export/import';
import { openSession, Random } from '@onnx-forge/infer';

const BATCH = 16;

/**
 * An ONNX classifier of images with a new last layer, and its training step on this device.
 *
 * @param part what is trained: the new layer (`head`) or `all` weights
 * @param external files with weights that lie beside the model's, by name
 */
export async function openClassifier(bytes, { classes, part, external, device }) {
  await tf.setBackend('cpu'); // it records the step; onnxruntime runs it
  const model = importModel(bytes, { head: { classes }, external, ...(part === 'head' && { trainable: () => false }) });
  const [[input, { shape }], ...others] = Object.entries(model.inputs);
  if (others.length > 0 || shape.length !== 4) throw new Error('a classifier of images has one input, of four axes');
  const [output] = model.outputs;
  const channelsFirst = shape[1] === 1 || shape[1] === 3;
  // Where the file leaves the size free it is 224 x 224; a file of a fixed batch is trained with that.
  const [batch, ...axes] = shape.map((size, axis) => (typeof size === 'number' ? size : axis === 0 ? BATCH : 224));
  const [height, width] = channelsFirst ? axes.slice(1) : axes;
  const channels = channelsFirst ? axes[0] : axes[2];
  const adam = tf.train.adam(1e-3);
  const step = await compileStep(
    {
      inputs: { images: { shape: [batch, ...axes] }, labels: { shape: [batch], dtype: 'int32' } },
      step: ({ images, labels }) => {
        const scores = () => model.call({ [input]: images })[output];
        const loss = () => tf.losses.softmaxCrossEntropy(tf.oneHot(labels, classes), scores());
        return { loss: adam.minimize(loss, true, [...model.trainable]) };
      },
    },
    { device, random: new Random(1), nameOf: model.nameOf },
  );
  return {
    ...{
      image: { height, width, channels, channelsFirst },
      batch,
      notes: model.report.notes,
      device: step.device.device,
    },
    train: async (images, labels) => (await step.run('step', { images, labels })).loss,
    /** The model as an ONNX file, with the weights of now. */
    async file() {
      await step.writeBack();
      return exportOnnx(model.run, { inputs: model.inputs }, { nameOf: model.nameOf }).bytes;
    },
    async dispose() {
      await step.dispose();
      tf.dispose([...model.variables.values()]);
    },
  };
}

/** The most likely class of each image, by the exported file alone. */
export async function classify(file, images, { device, image: { height, width, channels, channelsFirst }, batch }) {
  const session = await openSession(file, { device });
  try {
    const [input] = session.inputNames;
    const [output] = session.outputNames;
    const size = height * width * channels;
    const found = [];
    for (let first = 0; first < images.length; first += batch) {
      const some = images.slice(first, first + batch);
      const data = new Float32Array(batch * size); // whole batches, for files that take no others
      for (const [row, each] of some.entries()) data.set(each, row * size);
      const dims = channelsFirst ? [batch, channels, height, width] : [batch, height, width, channels];
      const { [output]: scores } = await session.run({ [input]: { type: 'float32', dims, data } });
      const classes = scores.dims[1];
      for (let row = 0; row < some.length; row++) {
        const list = [...scores.data.subarray(row * classes, (row + 1) * classes)];
        found.push(list.indexOf(Math.max(...list)));
      }
    }
    return found;
  } finally {
    await session.dispose();
  }
}
