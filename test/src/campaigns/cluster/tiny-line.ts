import {
  classification,
  classifierModel,
  crossEntropy,
  defineRecipe,
  mlp,
  positive,
  type Recipe,
  tf,
} from '@onnx-forge/train';

const PIXELS = 16;

/** Softmax regression of 4 x 4 images: what starts Node takes longer than what trains. */
const recipe: Recipe = defineRecipe({
  name: 'tiny-line',
  task: 'a test',
  source: 'none',
  data: { real: 'tiny', embedded: 'tiny' },
  options: { learningRate: positive(0.1), momentum: 0.5, batchSize: 8, epochs: 2 },
  batch: { x: { shape: [PIXELS] }, label: { shape: [], dtype: 'int32' } },
  nets: (_, init) => ({ net: mlp([PIXELS, 2], { activation: 'relu', kernel: init.glorotUniform }) }),
  steps: {
    fit: {
      updates: ['net'],
      optimizer: ({ learningRate, momentum }) => tf.train.momentum(learningRate, momentum),
      loss: ({ net }, { x, label }) => ({ loss: crossEntropy(net.apply(x), label) }),
    },
  },
  serves: ({ net }) =>
    classifierModel({
      classes: ['0', '1'],
      image: { height: 4, width: 4, channels: 1, range: [0, 1] },
      featureDim: PIXELS,
      features: (x) => x,
      logits: (x) => net.apply(x),
    }),
  evaluate: classification,
  figures: {},
});
export default recipe;
