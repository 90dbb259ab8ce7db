/** Convolutions of Keras that tfjs's layers lack, or compute otherwise. */
import { tf } from '../../tfjs.js';

interface WindowConfig {
  readonly filters: number;
  readonly kernelSize: readonly number[];
  readonly strides: readonly number[];
  readonly dilationRate: readonly number[];
  readonly padding: 'same' | 'valid';
  readonly depthMultiplier: number;
  readonly useBias: boolean;
  readonly activation: string;
}

type Pair = [height: number, width: number];

/** A window over images [batch, height, width, channels]. */
interface ImageWindow {
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly padding: 'same' | 'valid';
}

interface Kind {
  /** Shapes of the kernels, by Keras's names, behind the window's own sizes. */
  kernels(config: WindowConfig, channels: number): Readonly<Record<string, readonly number[]>>;
  /** The number of channels that come out. */
  channels(config: WindowConfig, channels: number): number;
  apply(x: tf.Tensor4D, kernels: readonly tf.Tensor4D[], window: ImageWindow): tf.Tensor4D;
  length(size: number, kernel: number, stride: number, dilation: number, padding: string): number;
}

function convolvedLength(size: number, kernel: number, stride: number, dilation: number, padding: string): number {
  return Math.ceil((padding === 'same' ? size : size - (kernel - 1) * dilation) / stride);
}

const DEPTHWISE: Kind = {
  kernels: ({ depthMultiplier }, channels) => ({ depthwise_kernel: [channels, depthMultiplier] }),
  channels: ({ depthMultiplier }, channels) => channels * depthMultiplier,
  apply: (x, [kernel], { strides, dilations, padding }) =>
    tf.depthwiseConv2d(x, kernel!, strides, padding, 'NHWC', dilations),
  length: convolvedLength,
};

const SEPARABLE: Kind = {
  kernels: ({ filters, depthMultiplier }, channels) => ({
    depthwise_kernel: [channels, depthMultiplier],
    pointwise_kernel: [channels * depthMultiplier, filters],
  }),
  channels: ({ filters }) => filters,
  apply: (x, [depthwise, pointwise], { strides, dilations, padding }) =>
    tf.separableConv2d(x, depthwise!, pointwise!, strides, padding, dilations),
  length: convolvedLength,
};

const TRANSPOSED: Kind = {
  kernels: ({ filters }, channels) => ({ kernel: [filters, channels] }),
  channels: ({ filters }) => filters,
  apply: (x, [kernel], { kernel: [, size], strides, padding }) => {
    const width = TRANSPOSED.length(x.shape[2], size, strides[1], 1, padding);
    return tf.conv2dTranspose(x, kernel!, [x.shape[0], 1, width, kernel!.shape[2]], strides, padding);
  },
  length: (size, kernel, stride, _, padding) => size * stride + (padding === 'same' ? 0 : Math.max(kernel - stride, 0)),
};

/** A sequence is an image of one row. */
abstract class Windowed extends tf.layers.Layer {
  readonly #config: WindowConfig;
  readonly #kind: Kind;
  readonly #activation: tf.layers.Layer;
  #kernels: readonly tf.LayerVariable[] = [];
  #bias: tf.LayerVariable | undefined;

  constructor(kind: Kind, config: WindowConfig) {
    super(config as object);
    this.#config = config;
    this.#kind = kind;
    this.#activation = tf.layers.activation({ activation: config.activation as 'relu' });
  }

  override build(shape: tf.Shape | tf.Shape[]): void {
    const channels = (shape as tf.Shape).at(-1)!;
    const add = (name: string, sizes: readonly number[]): tf.LayerVariable =>
      this.addWeight(name, [...sizes], 'float32', tf.initializers.zeros());
    const { kernelSize, useBias } = this.#config;
    this.#kernels = Object.entries(this.#kind.kernels(this.#config, channels)).map(([name, sizes]) =>
      // A pointwise kernel is a window of 1.
      add(name, [...(name === 'pointwise_kernel' ? kernelSize.map(() => 1) : kernelSize), ...sizes]),
    );
    if (useBias) this.#bias = add('bias', [this.#kind.channels(this.#config, channels)]);
    this.built = true;
  }

  override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
    const { kernelSize, strides, dilationRate, padding } = this.#config;
    const [batch, ...sizes] = shape as tf.Shape;
    const channels = sizes.pop()!;
    const lengths = sizes.map((n, i) =>
      n == null ? null : this.#kind.length(n, kernelSize[i]!, strides[i]!, dilationRate[i]!, padding),
    );
    return [batch!, ...lengths, this.#kind.channels(this.#config, channels)];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const { kernelSize, strides, dilationRate, padding } = this.#config;
      const x = [inputs].flat()[0]!;
      const isSequence = x.rank === 3;
      const pair = (sizes: readonly number[]): Pair => (isSequence ? [1, sizes[0]!] : [sizes[0]!, sizes[1]!]);
      const kernels = this.#kernels.map((kernel) => (isSequence ? tf.expandDims(kernel.read(), 0) : kernel.read()));
      const window = { kernel: pair(kernelSize), strides: pair(strides), dilations: pair(dilationRate), padding };
      const images = (isSequence ? tf.expandDims(x, 1) : x) as tf.Tensor4D;
      const convolved = this.#kind.apply(images, kernels as tf.Tensor4D[], window);
      const y = isSequence ? tf.squeeze(convolved, [1]) : convolved;
      return this.#activation.call(this.#bias ? tf.add(y, this.#bias.read()) : y, {}) as tf.Tensor;
    });
  }
}

class Depthwise extends Windowed {
  static readonly className = 'KerasDepthwise';
  constructor(config: WindowConfig) {
    super(DEPTHWISE, config);
  }
}

class Separable extends Windowed {
  static readonly className = 'KerasSeparable';
  constructor(config: WindowConfig) {
    super(SEPARABLE, config);
  }
}

/** Of sequences. */
class Transposed extends Windowed {
  static readonly className = 'KerasTransposed';
  constructor(config: WindowConfig) {
    super(TRANSPOSED, config);
  }
}

/** tfjs's names of these layers. */
export const DEPTHWISE_WINDOW: string = Depthwise.className;
export const SEPARABLE_WINDOW: string = Separable.className;
export const TRANSPOSED_WINDOW: string = Transposed.className;

for (const layer of [Depthwise, Separable, Transposed]) tf.serialization.registerClass(layer as never);
