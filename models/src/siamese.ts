import {
  augmentation,
  batchNormalisation,
  count,
  curves,
  defineRecipe,
  dropout,
  embeddingModel,
  evenTraining,
  fitImages,
  fittedAffine,
  fraction,
  horizontalFlip,
  type Initializers,
  identitySplits,
  mlp,
  Network,
  numberImages,
  oneOf,
  type PairwiseContrastiveLoss,
  pairRows,
  pairwiseContrastiveLoss,
  positive,
  randomAffine,
  randomLight,
  randomly,
  reflectionPad2d,
  requirePairs,
  separation,
  sequential,
  tf,
  verification,
} from '@onnx-forge/train';

const { layers } = tf;

/** The middle of LFW's images of 250 x 250 pixels, which has the face: as high to its width as AT&T's. */
const LFW_FACE = { height: 150, width: 123 };

/** The embedding has the image itself in means over squares of so many pixels' side. */
const COARSE = 8;

/** Of the compact design's last layers. */
const HEAD_SCALE = 0.1;

/** The networks of one design. */
type Nets = {
  /** Images [batch, height, width, 1] -> features [batch, ...], flat. */
  readonly body: Network;
  /** features -> [batch, members * embeddingDim]. */
  readonly head: Network;
  /** The compact design's last layer, which no gradient moves: see {@link embed}. */
  readonly whitening?: Network;
};

interface NetOptions {
  readonly imageHeight: number;
  readonly imageWidth: number;
  readonly members: number;
  readonly filters: number;
  /** Of each member. */
  readonly embeddingDim: number;
}

/** The convolutions of one member: [batch, height, width, 1] -> features, flat, an eighth of height and width. */
function memberLayers(filters: number, init: Initializers): tf.layers.Layer[] {
  const convolution = (filters: number, kernelSize: number, strides: number) => [
    layers.conv2d({
      filters,
      kernelSize,
      strides,
      padding: 'same',
      useBias: false,
      kernelInitializer: init.heUniform(),
    }),
    batchNormalisation(),
    layers.reLU(),
  ];
  const pooling = () => layers.maxPooling2d({ poolSize: 2, strides: 2 });
  return [
    ...convolution(filters, 5, 2),
    ...convolution(2 * filters, 3, 1),
    pooling(),
    ...convolution(4 * filters, 3, 1),
    pooling(),
    layers.flatten(),
  ];
}

/**
 * Several small nets side by side (members), that start from other weights and never meet: what one of them learned from
 * its few people by accident the others did not. Their features and embeddings lie one after the other.
 */
export function buildCompact(
  { imageHeight, imageWidth, members, filters, embeddingDim }: NetOptions,
  init: Initializers,
): Nets {
  const each = Array.from({ length: members }, (_, member) => member);
  const images = tf.input({ shape: [Math.floor(imageHeight / 2), Math.floor(imageWidth / 2), 1] });
  const features = each.map(() => through(images, memberLayers(filters, init)));
  const size = features[0]!.shape[1]!;
  const allFeatures = tf.input({ shape: [members * size] });
  const rows = through(allFeatures, [layers.reshape({ targetShape: [members, size, 1] })]);
  const embeddings = each.map((member) => {
    const cropping: [[number, number], [number, number]] = [
      [member, members - 1 - member],
      [0, 0],
    ];
    const dense = layers.dense({ units: embeddingDim, kernelInitializer: init.glorotUniform() });
    return through(rows, [layers.cropping2D({ cropping }), layers.flatten(), dense]);
  });
  return { body: joined(images, features), head: joined(allFeatures, embeddings) };
}

function through(input: tf.SymbolicTensor, stack: readonly tf.layers.Layer[]): tf.SymbolicTensor {
  return stack.reduce((values, layer) => layer.apply(values) as tf.SymbolicTensor, input);
}

function joined(input: tf.SymbolicTensor, outputs: tf.SymbolicTensor[]): Network {
  const [first] = outputs;
  const all = outputs.length === 1 ? first! : (layers.concatenate().apply(outputs) as tf.SymbolicTensor);
  return new Network(tf.model({ inputs: input, outputs: all }));
}

/** The assignment's net: three padded convolutions of 4, 8 and 8 filters, and layers of 500, 500 and embeddingDim units. */
export function buildAssignment({ imageHeight, imageWidth, embeddingDim }: NetOptions, init: Initializers): Nets {
  const convolution = (filters: number, channels: number) => [
    reflectionPad2d(),
    layers.conv2d({
      filters,
      kernelSize: 3,
      activation: 'relu',
      kernelInitializer: init.fanInUniform(),
      biasInitializer: init.fanInUniformBias(9 * channels),
    }),
    batchNormalisation(),
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

type Options = NetOptions & { readonly design: string; readonly imageWeight: number };

/** The assignment's net is alone. */
function memberCount({ design, members }: Options): number {
  return design === 'assignment' ? 1 : members;
}

/** Images [batch, pixels] as the body wants them; the compact design's at half the size and about as far from 0 as 1. */
function seen(x: tf.Tensor, { imageHeight, imageWidth, design }: Options): tf.Tensor {
  const images = x.reshape([-1, imageHeight, imageWidth, 1]) as tf.Tensor4D;
  return design === 'assignment' ? images : tf.avgPool(images, 2, 2, 'valid').sub(0.5).mul(4);
}

/**
 * Each member's embedding, [batch, members, embeddingDim]. The compact design's heads give numbers of which most distances
 * come out beyond the margin; scaled down, they begin about there.
 */
function placed(output: tf.Tensor, options: Options): tf.Tensor {
  const scale = options.design === 'assignment' ? 1 : HEAD_SCALE;
  return output.reshape([-1, memberCount(options), options.embeddingDim]).mul(scale);
}

/**
 * The embedding of images [batch, pixels] that is exported, before its whitening. In the compact design: all members' side
 * by side, so that a squared distance is the mean of theirs, each the mean of an image's and of its mirror image's; and
 * beside them what {@link drawn} tells of the image itself and its mirror image. What the nets have learned to overlook,
 * because few people of the training split differ in it, the image still has.
 *
 * So far distances count what tells people apart no more than what makes a person differ from himself: light, pose,
 * expression. The whitening, a linear layer, makes the latter equal in all directions: within-class covariance
 * normalisation (Hatch, Kajarekar & Stolcke 2006), measured on training images after each epoch. Two embeddings are
 * compared by their cosine, as there.
 */
function embed({ body, head }: Nets, x: tf.Tensor, options: Options): tf.Tensor {
  const { design, members, embeddingDim, imageHeight, imageWidth, imageWeight } = options;
  const images = seen(x, options);
  const place = (views: tf.Tensor) => placed(head.apply(body.apply(views)), options);
  if (design === 'assignment') return place(images).reshape([-1, embeddingDim]);
  const learned = place(images)
    .add(place(images.reverse(2)))
    .mul(0.5 / Math.sqrt(members))
    .reshape([-1, members * embeddingDim]);
  if (imageWeight === 0) return learned;
  const pixels = x.reshape([-1, imageHeight, imageWidth, 1]) as tf.Tensor4D;
  const shown = drawn(pixels)
    .add(drawn(pixels.reverse(2)))
    .mul(imageWeight / 2)
    .reshape([-1, drawnSize(options)]);
  return tf.concat([learned, shown], 1);
}

/**
 * A coarse sketch of images [batch, height, width, 1] and their edges: [batch, height / 8, width / 8, 3], the means over
 * squares of 8 x 8 pixels of brightness and of its absolute change from left to right and from top to bottom. Brightness
 * is the pixels' square root, so that differences count as much in the dark as in the light.
 */
export function drawn(images: tf.Tensor4D): tf.Tensor4D {
  const light = tf.sqrt(tf.relu(images));
  return tf.avgPool(tf.concat([light, change(light, 2), change(light, 1)], 3), COARSE, COARSE, 'valid');
}

/** How far apart the two neighbours of each pixel are along an axis; 0 at the border. */
function change(light: tf.Tensor4D, axis: 1 | 2): tf.Tensor4D {
  const along = <T>(there: T, elsewhere: T) => [0, 1, 2, 3].map((other) => (other === axis ? there : elsewhere));
  const size = along(light.shape[axis] - 2, -1);
  const [before, after] = [0, 2].map((start) => light.slice(along(start, 0), size));
  return tf.pad(after!.sub(before!).abs(), along<[number, number]>([1, 1], [0, 0])) as tf.Tensor4D;
}

/** Numbers of the image itself in the embedding. */
function drawnSize({ imageHeight, imageWidth, imageWeight }: Options): number {
  return imageWeight === 0 ? 0 : 3 * Math.floor(imageHeight / COARSE) * Math.floor(imageWidth / COARSE);
}

/** Length of the exported embedding. */
function exportedSize(options: Options): number {
  const { design, members, embeddingDim } = options;
  return design === 'assignment' ? embeddingDim : members * embeddingDim + drawnSize(options);
}

/** The part of each member, [batch, size]. */
function membersOf(values: tf.Tensor, options: Options): tf.Tensor[] {
  const members = memberCount(options);
  const rows = values.reshape([-1, members, values.size / values.shape[0]! / members]);
  return Array.from({ length: members }, (_, member) => rows.slice([0, member, 0], [-1, 1, -1]).squeeze([1]));
}

/** Means of several members' losses and distances. */
function meanOf(parts: readonly PairwiseContrastiveLoss[]): PairwiseContrastiveLoss {
  const mean = (name: keyof PairwiseContrastiveLoss) =>
    tf.addN(parts.map((part) => part[name])).div(parts.length) as tf.Scalar;
  return {
    loss: mean('loss'),
    sameDistance: mean('sameDistance'),
    differentDistance: mean('differentDistance'),
  };
}

/**
 * Siamese network with contrastive loss (Hadsell et al. 2006) for faces: EECS 498/598, homework 3, question 2. Trained on
 * some people's images, it tells whether two images of other people show the same. The default design is this project's
 * own: nets trained by that loss, and a whitening of what they and the image itself tell; `assignment` is the skeleton that
 * was handed out.
 */
export default defineRecipe({
  name: 'siamese',
  task: 'faces as vectors: the same person close together, others apart',
  source: 'Hadsell, Chopra & LeCun 2006; EECS 498/598 homework 3, question 2',
  data: {
    real: 'att-faces',
    embedded: 'synthetic-faces',
    own: 'images in grey (--grey), a folder for each person, eight people or more',
  },
  options: {
    design: oneOf('compact', 'assignment'),
    imageHeight: count(112, 16),
    imageWidth: count(92, 16),
    members: 2,
    filters: 16,
    embeddingDim: 64,
    margin: positive(2),
    dropoutRate: fraction(0.4),
    imageWeight: fraction(0.7),
    shrinkage: fraction(0.1),
    augment: true,
    fold: count(0, 0),
    imagesPerPerson: count(50, 2),
    learningRate: positive(1e-3),
    schedule: 'cosine',
    averaging: 0.98,
    batchSize: 64,
    epochs: 5,
  },
  presets: {
    lfw: { epochs: 4 },
    assignment: {
      design: 'assignment',
      imageHeight: 100,
      imageWidth: 100,
      members: 1,
      embeddingDim: 5,
      dropoutRate: 0,
      augment: false,
      learningRate: 5e-4,
      schedule: 'constant',
      averaging: 0,
      epochs: 30,
    },
  },

  prepare(dataSet, { imageHeight, imageWidth, fold, imagesPerPerson }) {
    const crop = dataSet.name === 'lfw' ? LFW_FACE : undefined;
    const fitted = fitImages(
      requirePairs(identitySplits(dataSet, { fold })),
      { height: imageHeight, width: imageWidth },
      crop,
    );
    return evenTraining(numberImages(fitted), imagesPerPerson);
  },
  batch({ imageHeight, imageWidth, augment }) {
    const shape = { height: imageHeight, width: imageWidth, channels: 1 };
    const changes = [
      randomly(0.5, horizontalFlip(shape)),
      randomAffine(shape, { shift: 0.025, scale: 0.05, turn: 4, stretch: 0.03 }),
      randomLight(shape, { brightness: 0.015, contrast: 0.06, slope: 0.09 }),
    ];
    return {
      x: {
        shape: [imageHeight * imageWidth],
        image: [imageHeight, imageWidth, 1],
        ...(augment && { augment: augmentation(changes) }),
      },
      label: { shape: [], dtype: 'int32' },
      image: { shape: [], dtype: 'int32' },
    };
  },

  nets(options, init): Nets {
    if (options.design === 'assignment') return buildAssignment(options, init);
    return { ...buildCompact(options, init), whitening: fittedAffine(exportedSize(options)) };
  },

  steps: {
    contrast: {
      updates: ['body', 'head'],
      optimizer: ({ learningRate }) => tf.train.adam(learningRate, 0.9, 0.999, 1e-8),
      loss({ body, head }, { x, label, image }, rng, options) {
        const features = body.apply(seen(x, options), { training: true });
        const output = head.apply(options.dropoutRate > 0 ? dropout(features, options.dropoutRate, rng) : features);
        const embeddings = membersOf(placed(output, options), options); // each [batch, embeddingDim]
        return meanOf(embeddings.map((one) => pairwiseContrastiveLoss(one, label, image, options.margin)));
      },
    },
  },

  serves: (nets, options) =>
    embeddingModel({
      embeddingDim: exportedSize(options),
      image: { height: options.imageHeight, width: options.imageWidth, channels: 1, range: [0, 1] },
      metric: nets.whitening ? 'cosine' : 'euclidean',
      embed: (x) => embed(nets, x, options),
      identity: 'label',
      ...(nets.whitening && { whitening: { layer: nets.whitening, shrinkage: options.shrinkage } }),
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
