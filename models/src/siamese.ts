import {
  augmentation,
  count,
  curves,
  defineRecipe,
  dropout,
  embeddingModel,
  evenTraining,
  fitImages,
  fraction,
  horizontalFlip,
  type Initializers,
  mlp,
  type Network,
  numberImages,
  oneOf,
  pairRows,
  pairwiseContrastiveLoss,
  positive,
  randomAffine,
  randomErasing,
  randomLight,
  randomly,
  reflectionPad2d,
  separation,
  sequential,
  tf,
  verification,
  withFold,
} from '@onnx-forge/train';

const { layers } = tf;

/** The middle of LFW's images of 250 x 250 pixels, which has the face: as high to its width as AT&T's. */
const LFW_FACE = { height: 150, width: 123 };

/** What a design of the net consists of. */
type Nets = {
  /** Images [batch, height, width, 1] -> features [batch, ...], flat. */
  readonly body: Network;
  /** features -> embedding [batch, embeddingDim]. */
  readonly head: Network;
};

interface ImageOptions {
  readonly imageHeight: number;
  readonly imageWidth: number;
}

/** Convolution, batch normalisation, ReLU; halves height and width. */
function stage(filters: number, init: Initializers, inputShape?: number[]): tf.layers.Layer[] {
  return [
    layers.conv2d({
      filters,
      kernelSize: 3,
      padding: 'same',
      useBias: false,
      kernelInitializer: init.heUniform(),
      ...(inputShape && { inputShape }),
    }),
    layers.batchNormalization({ epsilon: 1e-5, momentum: 0.9 }),
    layers.reLU(),
    layers.maxPooling2d({ poolSize: 2, strides: 2 }),
  ];
}

/** Three stages on images of half the size, and a linear layer. */
export function buildCompact(
  { imageHeight, imageWidth, filters, embeddingDim }: ImageOptions & { filters: number; embeddingDim: number },
  init: Initializers,
): Nets {
  const [height, width] = [Math.floor(imageHeight / 2), Math.floor(imageWidth / 2)];
  const body = sequential([
    ...stage(filters, init, [height, width, 1]),
    ...stage(2 * filters, init),
    ...stage(4 * filters, init),
    layers.flatten(),
  ]);
  const features = 4 * filters * Math.floor(height / 8) * Math.floor(width / 8);
  const head = sequential([
    layers.dense({ inputShape: [features], units: embeddingDim, kernelInitializer: init.glorotUniform() }),
  ]);
  return { body, head };
}

/** The assignment's net: three padded convolutions of 4, 8 and 8 filters, and layers of 500, 500 and embeddingDim units. */
export function buildAssignment(
  { imageHeight, imageWidth, embeddingDim }: ImageOptions & { embeddingDim: number },
  init: Initializers,
): Nets {
  const convolution = (filters: number, channels: number) => [
    reflectionPad2d(),
    layers.conv2d({
      filters,
      kernelSize: 3,
      activation: 'relu',
      kernelInitializer: init.fanInUniform(),
      biasInitializer: init.fanInUniformBias(9 * channels),
    }),
    layers.batchNormalization({ epsilon: 1e-5, momentum: 0.9 }),
  ];
  const body = sequential([
    layers.inputLayer({ inputShape: [imageHeight, imageWidth, 1] }),
    ...convolution(4, 1),
    ...convolution(8, 4),
    ...convolution(8, 8),
    layers.flatten(),
  ]);
  const sizes = [8 * imageHeight * imageWidth, 500, 500, embeddingDim];
  const head = mlp(sizes, { activation: 'relu', kernel: init.fanInUniform, bias: init.fanInUniformBias });
  return { body, head };
}

type Options = ImageOptions & { readonly design: string };

/** Images [batch, pixels] as the body wants them; the compact design gets half the size, each image with mean 0 and variance 1. */
function seen(x: tf.Tensor, { imageHeight, imageWidth, design }: Options): tf.Tensor {
  const images = x.reshape([-1, imageHeight, imageWidth, 1]) as tf.Tensor4D;
  if (design === 'assignment') return images;
  const { mean, variance } = tf.moments(images, [1, 2, 3], true);
  return tf.avgPool(images.sub(mean).div(tf.sqrt(variance.add(1e-4))) as tf.Tensor4D, 2, 2, 'valid');
}

/** The embedding of images [batch, pixels] that is exported: for the compact design the mean of an image's and its mirror image's. */
function embed({ body, head }: Nets, x: tf.Tensor, options: Options): tf.Tensor {
  const images = seen(x, options);
  const place = (views: tf.Tensor) => head.apply(body.apply(views));
  return options.design === 'assignment'
    ? place(images)
    : place(images)
        .add(place(images.reverse(2)))
        .mul(0.5);
}

/**
 * Siamese network with contrastive loss (Hadsell et al. 2006) for faces: EECS 498/598, homework 3, question 2. Trained on
 * some people's images, it tells whether two images of other people show the same. The default design is this project's
 * own; `assignment` is the skeleton that was handed out.
 */
export default defineRecipe({
  name: 'siamese',
  task: 'faces as vectors: the same person close together, others apart',
  source: 'Hadsell, Chopra & LeCun 2006; EECS 498/598 homework 3, question 2',
  data: { real: 'att-faces', embedded: 'synthetic-faces' },
  options: {
    design: oneOf('compact', 'assignment'),
    imageHeight: count(112, 16),
    imageWidth: count(92, 16),
    filters: 16,
    embeddingDim: 64,
    margin: positive(2),
    dropoutRate: fraction(0.3),
    augment: true,
    fold: count(0, 0),
    imagesPerPerson: count(50, 2),
    learningRate: positive(1e-3),
    schedule: 'cosine',
    batchSize: 64,
    epochs: 30,
  },
  presets: {
    assignment: {
      design: 'assignment',
      imageHeight: 100,
      imageWidth: 100,
      embeddingDim: 5,
      dropoutRate: 0,
      augment: false,
      learningRate: 5e-4,
      schedule: 'constant',
    },
  },

  prepare(dataSet, { imageHeight, imageWidth, fold, imagesPerPerson }) {
    const crop = dataSet.name === 'lfw' ? LFW_FACE : undefined;
    const fitted = fitImages(withFold(dataSet, { fold }), { height: imageHeight, width: imageWidth }, crop);
    return evenTraining(numberImages(fitted), imagesPerPerson);
  },
  batch({ imageHeight, imageWidth, augment }) {
    const shape = { height: imageHeight, width: imageWidth, channels: 1 };
    const changes = [
      randomly(0.5, horizontalFlip(shape)),
      randomAffine(shape, { shift: 0.06, scale: 0.12, turn: 10, stretch: 0.08 }),
      randomLight(shape, { brightness: 0.1, contrast: 0.3, slope: 0.4 }),
      randomly(0.5, randomErasing(shape, 0.15)),
    ];
    return {
      x: { shape: [imageHeight * imageWidth], ...(augment && { augment: augmentation(changes) }) },
      label: { shape: [], dtype: 'int32' },
      image: { shape: [], dtype: 'int32' },
    };
  },

  nets: (options, init) => (options.design === 'assignment' ? buildAssignment : buildCompact)(options, init),

  steps: {
    contrast: {
      updates: ['body', 'head'],
      optimizer: ({ learningRate }) => tf.train.adam(learningRate, 0.9, 0.999, 1e-8),
      loss({ body, head }, { x, label, image }, rng, options) {
        const features = body.apply(seen(x, options), { training: true });
        const embedding = head.apply(dropout(features, options.dropoutRate, rng));
        return pairwiseContrastiveLoss(embedding, label, image, options.margin);
      },
    },
  },

  serves: (nets, options) =>
    embeddingModel({
      embeddingDim: options.embeddingDim,
      image: { height: options.imageHeight, width: options.imageWidth, channels: 1, range: [0, 1] },
      metric: 'euclidean',
      embed: (x) => embed(nets, x, options),
      identity: 'label',
    }),

  evaluate: verification,

  figures: {
    pairs: pairRows,
    separation,
    loss: curves({
      title: 'Contrastive loss',
      y: 'loss per pair',
      lines: [{ name: 'training', kind: 'train', metric: 'contrast/loss' }],
    }),
    distances: curves({
      title: 'Mean distance of the pairs of a batch',
      y: 'distance',
      lines: [
        { name: 'same person', kind: 'train', metric: 'contrast/sameDistance' },
        { name: 'different people', kind: 'train', metric: 'contrast/differentDistance' },
      ],
    }),
  },
});
