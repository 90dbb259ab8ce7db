import {
  augmentation,
  batchNormalisation,
  collapseStd,
  colourJitter,
  count,
  curves,
  defineRecipe,
  embeddingModel,
  embeddingQuality,
  fixedRate,
  fraction,
  grayscale,
  horizontalFlip,
  type Initializers,
  Network,
  negativeCosineSimilarity,
  neighbours,
  oneOf,
  positive,
  randomly,
  randomResizedCrop,
  representation,
  sequential,
  stopGradient,
  tf,
  weightDecay,
} from '@onnx-forge/train';

const { layers } = tf;
const IMAGE = { height: 32, width: 32, channels: 3 } as const;
const PIXELS = IMAGE.height * IMAGE.width * IMAGE.channels;

/** Means and standard deviations of CIFAR-10's colours. */
const MEAN = [0.4914, 0.4822, 0.4465];
const STD = [0.2023, 0.1994, 0.201];

/** One view of an image in [0, 1]: cropped, mirrored, recoloured at random (IFT6135's augmentations). */
const view = augmentation([
  randomResizedCrop(IMAGE, { scale: [0.08, 1], ratio: [3 / 4, 4 / 3] }),
  randomly(0.5, horizontalFlip(IMAGE)),
  randomly(0.8, colourJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 })),
  randomly(0.2, grayscale),
]);

/** Batch normalisation. Scale and shift that are not `affine` stay 1 and 0: tfjs's layer has to have them in training. */
const normalised = (affine = true) => batchNormalisation({ trainable: affine });
const relu = () => layers.activation({ activation: 'relu' });

export interface EncoderOptions {
  /** Maps of the first stage. */
  readonly width: number;
  /** Stages of maps; each after the first halves their sides and doubles their number. */
  readonly stages: number;
  /** Residual blocks of a stage. */
  readonly blocks: number;
  /** Every block starts as the identity (zero_init_residual): for long trainings of deep nets. */
  readonly zeroInit: boolean;
  /** `imagenet`: 7 x 7 with stride 2, then pooled: 8 x 8; `cifar`: 3 x 3: 32 x 32; `strided`: 3 x 3 with stride 2: 16 x 16. */
  readonly stem: 'imagenet' | 'cifar' | 'strided';
}

/**
 * A ResNet of basic blocks (He et al. 2016; torchvision's ResNet-18 with width 64 and 2 blocks a stage): images
 * [batch, 3072] in [0, 1] -> features [batch, width * 2^(stages - 1)].
 */
export function buildEncoder({ width, stages, blocks, stem, zeroInit }: EncoderOptions, init: Initializers): Network {
  const conv = (filters: number, kernelSize: number, strides = 1) =>
    layers.conv2d({
      filters,
      kernelSize,
      strides,
      padding: 'same',
      useBias: false,
      // He et al. 2015 by the outputs, as torchvision's.
      kernelInitializer: init.normal(Math.sqrt(2 / (kernelSize * kernelSize * filters))),
    });
  const chain = (x: tf.SymbolicTensor, ...parts: tf.layers.Layer[]) =>
    parts.reduce((from, layer) => layer.apply(from) as tf.SymbolicTensor, x);
  const basicBlock = (x: tf.SymbolicTensor, filters: number, strides: number) => {
    const lastNorm = batchNormalisation({ gammaInitializer: zeroInit ? 'zeros' : 'ones' });
    const inner = chain(x, conv(filters, 3, strides), normalised(), relu(), conv(filters, 3), lastNorm);
    const same = strides === 1 && x.shape[3] === filters;
    const outer = same ? x : chain(x, conv(filters, 1, strides), normalised());
    return chain(layers.add().apply([inner, outer]) as tf.SymbolicTensor, relu());
  };
  const input = tf.input({ shape: [PIXELS] });
  let x = chain(input, layers.reshape({ targetShape: [IMAGE.height, IMAGE.width, IMAGE.channels] }));
  x =
    stem !== 'imagenet'
      ? chain(x, conv(width, 3, stem === 'strided' ? 2 : 1), normalised(), relu())
      : chain(
          x,
          conv(width, 7, 2),
          normalised(),
          relu(),
          layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
        );
  for (let stage = 0; stage < stages; stage++) {
    for (let block = 0; block < blocks; block++) {
      x = basicBlock(x, width * 2 ** stage, stage > 0 && block === 0 ? 2 : 1);
    }
  }
  const output = chain(x, layers.globalAveragePooling2d({}));
  return new Network(tf.model({ inputs: input, outputs: output }));
}

/** Features -> z [batch, dimensions]: three layers, normalised each, ReLU on the first two. Biases would be normalised away. */
export function buildProjector(features: number, dimensions: number, { fanInUniform }: Initializers): Network {
  const dense = (units: number, first = false) =>
    layers.dense({
      units,
      useBias: false,
      kernelInitializer: fanInUniform(),
      ...(first && { inputShape: [features] }),
    });
  return sequential([
    dense(features, true),
    normalised(),
    relu(),
    dense(features),
    normalised(),
    relu(),
    dense(dimensions),
    normalised(false),
  ]);
}

/**
 * z [batch, dimensions] -> p of the same size: a bottleneck of a quarter (`mlp`); the same with its first random weights
 * for ever (`fixed`); or z itself (`identity`).
 */
export function buildPredictor(
  kind: 'mlp' | 'identity' | 'fixed',
  dimensions: number,
  { fanInUniform, fanInUniformBias }: Initializers,
): Network {
  if (kind === 'identity') return sequential([layers.activation({ activation: 'linear', inputShape: [dimensions] })]);
  const hidden = dimensions / 4;
  const trainable = kind === 'mlp';
  return sequential([
    layers.dense({
      inputShape: [dimensions],
      units: hidden,
      useBias: false,
      kernelInitializer: fanInUniform(),
      trainable,
    }),
    normalised(trainable),
    relu(),
    layers.dense({
      units: dimensions,
      kernelInitializer: fanInUniform(),
      biasInitializer: fanInUniformBias(hidden),
      trainable,
    }),
  ]);
}

interface SimSiam {
  readonly encoder: Network;
  readonly projector: Network;
  readonly predictor: Network;
}

/** z of images [batch, 3072] in [0, 1]: [batch, dimensions]. */
function project({ encoder, projector }: SimSiam, x: tf.Tensor, training: boolean): tf.Tensor {
  const centred = x
    .reshape([-1, PIXELS / 3, 3])
    .sub(MEAN)
    .div(STD)
    .reshape([-1, PIXELS]);
  return projector.apply(encoder.apply(centred, { training }), { training });
}

/** Projections z and predictions p of two views, each [batch, dimensions]; batch statistics are those of one view. */
export function forward(nets: SimSiam, x1: tf.Tensor, x2: tf.Tensor) {
  const z1 = project(nets, x1, true);
  const z2 = project(nets, x2, true);
  const p1 = nets.predictor.apply(z1, { training: true });
  const p2 = nets.predictor.apply(z2, { training: true });
  return { p1, p2, z1, z2 };
}

/** -(cos(p1, z2) + cos(p2, z1)) / 2. With the stop-gradient, z is a target that does not move towards p. */
export function simsiamLoss({ p1, p2, z1, z2 }: ReturnType<typeof forward>, stop: boolean): tf.Scalar {
  return stop
    ? negativeCosineSimilarity(p1, p2, stopGradient(z1), stopGradient(z2))
    : negativeCosineSimilarity(p1, p2, z1, z2);
}

/**
 * SimSiam (Chen & He 2021): representations learned from pairs of views of an image, without labels and without
 * negative pairs. Networks and settings of IFT6135 (2022), assignment 3, problem 3. Without the stop-gradient, or with the
 * identity for a predictor, all images come to lie in one place: `std` tells.
 */
export default defineRecipe({
  name: 'simsiam',
  task: 'self-supervised representations of 32 x 32 colour images',
  source: 'Chen & He 2021; IFT6135 2022, assignment 3, problem 3',
  data: {
    real: 'cifar10',
    embedded: 'synthetic-shapes',
    own: 'images, a folder for each class, 32 x 32 in colour (--resize 32x32); the classes only measure',
  },
  options: {
    width: 64,
    stages: 4,
    blocks: 2,
    zeroInit: true,
    stem: oneOf('imagenet', 'cifar', 'strided'),
    dimensions: 2048,
    stopGradient: true,
    predictor: oneOf('mlp', 'identity', 'fixed'),
    /** For a batch of 256; it grows in proportion to the batch. */
    learningRate: positive(0.03),
    momentum: fraction(0.9),
    weightDecay: fraction(5e-4),
    schedule: 'cosine',
    /** Of the accuracy that is watched: how many neighbours vote, with weight exp(cosine / temperature). */
    neighbours: count(200),
    temperature: positive(0.1),
    batchSize: 1024,
    epochs: 100,
  },
  presets: {
    full: {},
    /** A narrow twin for two cores: minutes instead of days. */
    small: {
      width: 16,
      blocks: 1,
      stem: 'strided',
      dimensions: 256,
      learningRate: 0.4,
      batchSize: 64,
      epochs: 10,
    },
  },

  batch: {
    x1: { shape: [PIXELS], image: [IMAGE.height, IMAGE.width, IMAGE.channels], field: 'x', augment: view },
    x2: { shape: [PIXELS], image: [IMAGE.height, IMAGE.width, IMAGE.channels], field: 'x', augment: view },
    label: { shape: [], dtype: 'int32' }, // for the neighbours' vote only
  },

  nets: (options, init) => ({
    encoder: buildEncoder(options, init),
    projector: buildProjector(options.width * 2 ** (options.stages - 1), options.dimensions, init),
    predictor: buildPredictor(options.predictor, options.dimensions, init),
  }),

  steps: {
    simsiam: {
      updates: ['encoder', 'projector', 'predictor'],
      optimizer({ learningRate, batchSize, momentum }) {
        const sgd = () => tf.train.momentum((learningRate * batchSize) / 256, momentum);
        return { encoder: sgd(), projector: sgd(), predictor: fixedRate(sgd()) };
      },
      loss(nets, { x1, x2 }, _rng, { stopGradient: stop, weightDecay: decay }) {
        const views = forward(nets, x1, x2);
        const similarity = simsiamLoss(views, stop);
        return {
          loss: similarity.add(weightDecay(Object.values(nets), decay)),
          similarity,
          std: collapseStd(views.z1),
        };
      },
    },
  },

  serves: (nets, { dimensions }) =>
    embeddingModel({
      embeddingDim: dimensions,
      image: { ...IMAGE, range: [0, 1] },
      metric: 'cosine',
      embed: (x) => project(nets, x, false),
    }),

  watch: embeddingQuality({ images: 'x1', labels: 'label' }),
  evaluate: representation({ images: 'x1', labels: 'label' }),

  figures: {
    neighbours: neighbours({ images: 'x1' }),
    loss: curves({
      title: 'SimSiam: agreement of two views',
      y: 'negative cosine similarity',
      lines: [{ name: 'training', kind: 'train', metric: 'simsiam/similarity' }],
    }),
    knn: curves({
      title: 'SimSiam: what neighbours tell of the class',
      y: 'accuracy of the vote',
      lines: [{ name: 'validation', kind: 'validation', metric: 'knn' }],
    }),
    std: curves({
      title: 'SimSiam: spread of the outputs',
      y: 'standard deviation times sqrt(dimensions)',
      lines: [{ name: 'validation', kind: 'validation', metric: 'std' }],
      domain: [0, 1.1],
      references: [{ label: 'spread over the whole sphere', y: 1 }],
    }),
  },
});
