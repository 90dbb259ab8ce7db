import { exportOnnx, tf, verify } from '@onnx-forge/export';
import { assert } from 'chai';

type Layer = tf.layers.Layer;

/** A stock layer behind inputs of the given shapes (without the batch). */
interface LayerCase {
  readonly layer: () => Layer;
  readonly inputs: readonly (readonly number[])[];
  readonly dtype?: 'float32' | 'int32';
}

const seeded = (seed: number) => tf.initializers.randomUniform({ minval: -0.5, maxval: 0.5, seed });
const weights = { kernelInitializer: seeded(1), biasInitializer: seeded(2) };
const recurrent = { ...weights, recurrentInitializer: seeded(3) };
const image = [[6, 6, 3]] as const;
const sequence = [[5, 4]] as const;
const pair = [
  [4, 3],
  [4, 3],
] as const;
const one = (layer: () => Layer, inputs: LayerCase['inputs'], dtype?: LayerCase['dtype']): LayerCase => ({
  layer,
  inputs,
  ...(dtype && { dtype }),
});

const ACTIVATIONS = [
  'elu',
  'hardSigmoid',
  'linear',
  'relu',
  'relu6',
  'selu',
  'sigmoid',
  'softmax',
  'softplus',
  'softsign',
  'tanh',
  'swish',
  'mish',
  'gelu',
  'gelu_new',
] as const;

/** By the name under `tf.layers`, with the variants that dispatch other kernels. */
const CASES: Record<string, Record<string, LayerCase>> = {
  dense: {
    vector: one(() => tf.layers.dense({ units: 3, activation: 'tanh', ...weights }), [[4]]),
    sequence: one(() => tf.layers.dense({ units: 3, ...weights }), sequence),
  },
  activation: Object.fromEntries(
    ACTIVATIONS.map((activation) => [activation, one(() => tf.layers.activation({ activation }), [[7]])]),
  ),
  dropout: { inference: one(() => tf.layers.dropout({ rate: 0.5 }), [[4]]) },
  spatialDropout1d: { inference: one(() => tf.layers.spatialDropout1d({ rate: 0.5 }), sequence) },
  gaussianNoise: { inference: one(() => tf.layers.gaussianNoise({ stddev: 1 }), [[4]]) },
  gaussianDropout: { inference: one(() => tf.layers.gaussianDropout({ rate: 0.5 }), [[4]]) },
  alphaDropout: { inference: one(() => tf.layers.alphaDropout({ rate: 0.5 }), [[4]]) },
  embedding: {
    ids: one(
      () => tf.layers.embedding({ inputDim: 2, outputDim: 3, embeddingsInitializer: seeded(1) }),
      [[5]],
      'int32',
    ),
  },
  flatten: { image: one(() => tf.layers.flatten(), image) },
  permute: { image: one(() => tf.layers.permute({ dims: [3, 1, 2] }), image) },
  repeatVector: { vector: one(() => tf.layers.repeatVector({ n: 3 }), [[4]]) },
  reshape: {
    image: one(() => tf.layers.reshape({ targetShape: [9, 12] }), image),
    inferred: one(() => tf.layers.reshape({ targetShape: [-1, 2] }), image),
  },
  masking: { sequence: one(() => tf.layers.masking({ maskValue: 0 }), sequence) },
  conv1d: {
    same: one(
      () => tf.layers.conv1d({ filters: 3, kernelSize: 3, padding: 'same', activation: 'relu', ...weights }),
      sequence,
    ),
  },
  conv2d: {
    valid: one(() => tf.layers.conv2d({ filters: 4, kernelSize: 3, activation: 'elu', ...weights }), image),
    'same, strided': one(
      () => tf.layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same', ...weights }),
      image,
    ),
    dilated: one(() => tf.layers.conv2d({ filters: 4, kernelSize: 2, dilationRate: 2, ...weights }), image),
    channelsFirst: one(
      () => tf.layers.conv2d({ filters: 4, kernelSize: 3, dataFormat: 'channelsFirst', ...weights }),
      [[3, 6, 6]],
    ),
  },
  conv2dTranspose: {
    same: one(
      () => tf.layers.conv2dTranspose({ filters: 4, kernelSize: 4, strides: 2, padding: 'same', ...weights }),
      image,
    ),
    valid: one(() => tf.layers.conv2dTranspose({ filters: 2, kernelSize: 3, ...weights }), image),
  },
  conv3d: {
    same: one(() => tf.layers.conv3d({ filters: 2, kernelSize: 3, padding: 'same', ...weights }), [[4, 4, 4, 2]]),
  },
  conv3dTranspose: {
    same: one(
      () => tf.layers.conv3dTranspose({ filters: 2, kernelSize: 2, strides: 2, padding: 'same', ...weights }),
      [[3, 3, 3, 2]],
    ),
  },
  cropping2D: {
    image: one(
      () =>
        tf.layers.cropping2D({
          cropping: [
            [1, 2],
            [0, 1],
          ],
        }),
      image,
    ),
  },
  depthwiseConv2d: {
    same: one(
      () =>
        tf.layers.depthwiseConv2d({
          kernelSize: 3,
          depthMultiplier: 2,
          padding: 'same',
          depthwiseInitializer: seeded(1),
        }),
      image,
    ),
  },
  separableConv2d: {
    valid: one(
      () =>
        tf.layers.separableConv2d({
          filters: 4,
          kernelSize: 3,
          depthwiseInitializer: seeded(1),
          pointwiseInitializer: seeded(2),
        }),
      image,
    ),
  },
  upSampling2d: {
    nearest: one(() => tf.layers.upSampling2d({ size: [2, 2] }), image),
    bilinear: one(() => tf.layers.upSampling2d({ size: [2, 3], interpolation: 'bilinear' }), image),
  },
  zeroPadding2d: {
    image: one(
      () =>
        tf.layers.zeroPadding2d({
          padding: [
            [1, 2],
            [0, 1],
          ],
        }),
      image,
    ),
  },
  averagePooling1d: { sequence: one(() => tf.layers.averagePooling1d({ poolSize: 2 }), sequence) },
  averagePooling2d: {
    same: one(() => tf.layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }), image),
  },
  averagePooling3d: { valid: one(() => tf.layers.averagePooling3d({ poolSize: 2 }), [[4, 4, 4, 2]]) },
  maxPooling1d: { sequence: one(() => tf.layers.maxPooling1d({ poolSize: 2 }), sequence) },
  maxPooling2d: {
    valid: one(() => tf.layers.maxPooling2d({ poolSize: 2 }), image),
    same: one(() => tf.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }), image),
  },
  maxPooling3d: { valid: one(() => tf.layers.maxPooling3d({ poolSize: 2 }), [[4, 4, 4, 2]]) },
  globalAveragePooling1d: { sequence: one(() => tf.layers.globalAveragePooling1d({}), sequence) },
  globalAveragePooling2d: { image: one(() => tf.layers.globalAveragePooling2d({}), image) },
  globalMaxPooling1d: { sequence: one(() => tf.layers.globalMaxPooling1d({}), sequence) },
  globalMaxPooling2d: { image: one(() => tf.layers.globalMaxPooling2d({}), image) },
  batchNormalization: {
    image: one(
      () => tf.layers.batchNormalization({ movingMeanInitializer: seeded(1), betaInitializer: seeded(2) }),
      image,
    ),
    vector: one(() => tf.layers.batchNormalization({ movingMeanInitializer: seeded(1) }), [[4]]),
  },
  layerNormalization: { sequence: one(() => tf.layers.layerNormalization({ betaInitializer: seeded(1) }), sequence) },
  elu: { vector: one(() => tf.layers.elu(), [[7]]) },
  leakyReLU: { vector: one(() => tf.layers.leakyReLU({ alpha: 0.1 }), [[7]]) },
  prelu: { vector: one(() => tf.layers.prelu({ alphaInitializer: seeded(1) }), [[7]]) },
  reLU: { vector: one(() => tf.layers.reLU({ maxValue: 1 }), [[7]]) },
  softmax: { vector: one(() => tf.layers.softmax({}), [[7]]) },
  thresholdedReLU: { vector: one(() => tf.layers.thresholdedReLU({ theta: 0.3 }), [[7]]) },
  add: { pair: one(() => tf.layers.add(), pair) },
  average: { pair: one(() => tf.layers.average(), pair) },
  concatenate: { pair: one(() => tf.layers.concatenate({ axis: -1 }), pair) },
  dot: {
    pair: one(() => tf.layers.dot({ axes: -1 }), [[4], [4]]),
    normalized: one(() => tf.layers.dot({ axes: 1, normalize: true }), [[4], [4]]),
  },
  maximum: { pair: one(() => tf.layers.maximum(), pair) },
  minimum: { pair: one(() => tf.layers.minimum(), pair) },
  multiply: { pair: one(() => tf.layers.multiply(), pair) },
  gru: {
    last: one(() => tf.layers.gru({ units: 3, ...recurrent }), sequence),
    sequences: one(() => tf.layers.gru({ units: 3, returnSequences: true, goBackwards: true, ...recurrent }), sequence),
  },
  lstm: { sequences: one(() => tf.layers.lstm({ units: 3, returnSequences: true, ...recurrent }), sequence) },
  simpleRNN: { last: one(() => tf.layers.simpleRNN({ units: 3, ...recurrent }), sequence) },
  convLstm2d: {
    last: one(() => tf.layers.convLstm2d({ filters: 2, kernelSize: 3, padding: 'same', ...recurrent }), [[3, 4, 4, 2]]),
  },
  rnn: {
    stacked: one(
      () =>
        tf.layers.rnn({
          cell: [tf.layers.lstmCell({ units: 3, ...recurrent }), tf.layers.gruCell({ units: 2, ...recurrent })],
        }),
      sequence,
    ),
  },
  bidirectional: Object.fromEntries(
    (['concat', 'sum', 'mul', 'ave'] as const).map((mergeMode) => [
      mergeMode,
      one(
        () =>
          tf.layers.bidirectional({
            layer: tf.layers.gru({ units: 3, returnSequences: true, ...recurrent }) as tf.RNN,
            mergeMode,
          }),
        sequence,
      ),
    ]),
  ),
  timeDistributed: {
    dense: one(() => tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 3, ...weights }) }), sequence),
  },
  rescaling: { image: one(() => tf.layers.rescaling({ scale: 0.5, offset: 1 }), image) },
  centerCrop: { image: one(() => tf.layers.centerCrop({ height: 4, width: 3 }), image) },
};

/** Layers that cannot become a graph, and the error that says so. */
const REFUSED: Record<string, { readonly why: string; readonly refused: LayerCase; readonly error: RegExp }> = {
  resizing: {
    why: 'tfjs 4.22 itself cannot run it in a model: it takes its list of inputs for an image',
    refused: one(() => tf.layers.resizing({ height: 4, width: 9 }), image),
    error: /rank 3 or 4, but got rank 1/,
  },
  categoryEncoding: {
    why: 'it reads its input to check the range',
    refused: one(() => tf.layers.categoryEncoding({ numTokens: 2, outputMode: 'oneHot' }), [[1]], 'int32'),
    error: /read inside a traced function/,
  },
};

/** Names under `tf.layers` that need no case of their own, and why. */
const COVERED_OTHERWISE: Record<string, string> = {
  Layer: 'the base class',
  RNN: 'the class behind rnn',
  RNNCell: 'the base class of cells',
  input: 'a placeholder',
  inputLayer: 'a placeholder',
  simpleRNNCell: 'runs inside simpleRNN',
  gruCell: 'runs inside rnn',
  lstmCell: 'runs inside rnn',
  convLstm2dCell: 'runs inside convLstm2d',
  stackedRNNCells: 'runs inside rnn',
  avgPool1d: 'alias of averagePooling1d',
  avgPool2d: 'alias of averagePooling2d',
  avgPool3d: 'alias of averagePooling3d',
  avgPooling1d: 'alias of averagePooling1d',
  avgPooling2d: 'alias of averagePooling2d',
  avgPooling3d: 'alias of averagePooling3d',
  globalMaxPool1d: 'alias of globalMaxPooling1d',
  globalMaxPool2d: 'alias of globalMaxPooling2d',
  maxPool1d: 'alias of maxPooling1d',
  maxPool2d: 'alias of maxPooling2d',
  randomWidth: 'draws a random width even for inference',
};

function modelOf({ layer, inputs, dtype = 'float32' }: LayerCase): tf.LayersModel {
  const symbols = inputs.map((shape) => tf.input({ shape: [...shape], dtype }));
  return tf.model({
    inputs: symbols,
    outputs: layer().apply(symbols.length === 1 ? symbols[0]! : symbols) as tf.SymbolicTensor,
  });
}

describe('stock layers export with a free batch size and equal tfjs', () => {
  beforeEach(() => tf.setBackend('cpu'));

  it('the list is complete', () => {
    const listed = [...Object.keys(CASES), ...Object.keys(REFUSED), ...Object.keys(COVERED_OTHERWISE)];
    assert.sameMembers(listed, Object.keys(tf.layers));
  });

  for (const [name, cases] of Object.entries(CASES)) {
    for (const [variant, layerCase] of Object.entries(cases)) {
      it(`${name}, ${variant}`, async () => {
        const model = modelOf(layerCase);
        const exported = exportOnnx(model);
        for (const { shape } of Object.values(exported.outputs)) assert.equal(shape[0], 'batch');
        const { worst } = await verify(exported, model, { sizes: [1, 2, 5] });
        assert.isAtMost(worst, 1e-5);
        model.dispose();
      });
    }
  }

  for (const [name, { why, refused, error }] of Object.entries(REFUSED)) {
    it(`${name} is refused: ${why}`, () => {
      assert.throws(() => exportOnnx(modelOf(refused)), error);
    });
  }
});
