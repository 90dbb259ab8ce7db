import { tf } from '../../tfjs.js';

/** Layers of Keras 3 that tfjs lacks or computes otherwise. */

type Config = Readonly<Record<string, unknown>>;
type Inputs = tf.Tensor | tf.Tensor[];

interface GruConfig extends Config {
  readonly units: number;
  readonly activation: string;
  readonly recurrentActivation: string;
  readonly useBias: boolean;
}

/**
 * A step of a GRU whose reset gate acts after the product with the recurrent kernel, as in cuDNN:
 * h' = z h + (1 - z) tanh(x K + b + r (h R + c)); inputs [batch, features], state [batch, units].
 */
class ResetAfterCell extends tf.layers.Layer {
  static readonly className = 'Keras3ResetAfterCell';
  readonly stateSize: number;
  readonly #config: GruConfig;
  readonly #activation: tf.layers.Layer;
  readonly #gate: tf.layers.Layer;
  #kernel!: tf.LayerVariable;
  #recurrentKernel!: tf.LayerVariable;
  #bias: tf.LayerVariable | undefined;

  constructor(config: GruConfig) {
    super({});
    this.#config = config;
    this.stateSize = config.units;
    this.#activation = tf.layers.activation({ activation: config.activation as 'tanh' });
    this.#gate = tf.layers.activation({ activation: config.recurrentActivation as 'sigmoid' });
  }

  override build(shape: tf.Shape | tf.Shape[]): void {
    const { units, useBias } = this.#config;
    const features = (shape as tf.Shape).at(-1)!;
    const zeros = tf.initializers.zeros();
    this.#kernel = this.addWeight('kernel', [features, 3 * units], 'float32', zeros);
    this.#recurrentKernel = this.addWeight('recurrent_kernel', [units, 3 * units], 'float32', zeros);
    if (useBias) this.#bias = this.addWeight('bias', [2, 3 * units], 'float32', zeros);
    this.built = true;
  }

  override call(inputs: Inputs): tf.Tensor[] {
    return tf.tidy(() => {
      const [x, h] = inputs as [tf.Tensor2D, tf.Tensor2D];
      const [b, c] = this.#bias ? tf.unstack(this.#bias.read()) : [];
      const ofInput = tf.split(add(tf.matMul(x, this.#kernel.read() as tf.Tensor2D), b), 3, 1);
      const ofState = tf.split(add(tf.matMul(h, this.#recurrentKernel.read() as tf.Tensor2D), c), 3, 1);
      const gate = (i: 0 | 1) => this.#gate.call(tf.add(ofInput[i]!, ofState[i]!), {}) as tf.Tensor;
      const [z, r] = [gate(0), gate(1)];
      const candidate = this.#activation.call(tf.add(ofInput[2]!, tf.mul(r, ofState[2]!)), {}) as tf.Tensor;
      const next = tf.add(tf.mul(z, h), tf.mul(tf.sub(1, z), candidate));
      return [next, next];
    });
  }
}

function add(product: tf.Tensor, bias: tf.Tensor | undefined): tf.Tensor {
  return bias ? tf.add(product, bias) : product;
}

class ResetAfterGru extends tf.RNN {
  static override readonly className = 'Keras3ResetAfterGru';
  readonly #config: GruConfig;

  constructor(config: GruConfig) {
    super({ ...config, cell: new ResetAfterCell(config) as never });
    this.#config = config;
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { units, activation, recurrentActivation, useBias } = this.#config;
    return { ...super.getConfig(), units, activation, recurrentActivation, useBias };
  }

  static override fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    config: tf.serialization.ConfigDict,
  ): T {
    return new cls(config);
  }
}

/** Bilinear interpolation between the centres of pixels: images [batch, height, width, channels] to `height` x `width`, or times `size`. */
class Bilinear extends tf.layers.Layer {
  static readonly className = 'Keras3Bilinear';
  readonly #config: Config;

  constructor(config: Config) {
    super(config as object);
    this.#config = config;
  }

  override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
    const { height, width, size } = this.#config as {
      height?: number;
      width?: number;
      size?: readonly [number, number];
    };
    const [batch, rows, columns, channels] = shape as tf.Shape;
    const times = (n: number | null | undefined, factor: number) => (n == null ? null : n * factor);
    if (size) return [batch!, times(rows, size[0]), times(columns, size[1]), channels!];
    return [batch!, height!, width!, channels!];
  }

  override call(inputs: Inputs): tf.Tensor {
    const x = [inputs].flat()[0] as tf.Tensor4D;
    const [, height, width] = this.computeOutputShape(x.shape);
    return tf.image.resizeBilinear(x, [height!, width!], false, true);
  }
}

/** a - b, one size of a dimension being 1 where they differ. */
class Subtract extends tf.layers.Layer {
  static readonly className = 'Keras3Subtract';

  override computeOutputShape(shapes: tf.Shape | tf.Shape[]): tf.Shape {
    const [a, b] = shapes as tf.Shape[];
    return a!.map((n, axis) => (n === 1 ? b![axis]! : n));
  }

  override call(inputs: Inputs): tf.Tensor {
    const [a, b] = inputs as tf.Tensor[];
    return tf.sub(a!, b!);
  }
}

/** `targetShape` without the batch; its -1 follows from the input where that is known. */
class Reshape extends tf.layers.Layer {
  static readonly className = 'Keras3Reshape';
  readonly #target: readonly number[];

  constructor(config: Config) {
    super(config as object);
    this.#target = config.targetShape as readonly number[];
  }

  override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
    const [batch, ...sizes] = shape as tf.Shape;
    const product = (numbers: readonly number[]) => numbers.reduce((a, b) => a * b, 1);
    const known = sizes.every((size) => size !== null);
    const open = known ? product(sizes as number[]) / product(this.#target.filter((size) => size !== -1)) : null;
    return [batch!, ...this.#target.map((size) => (size === -1 ? open : size))];
  }

  override call(inputs: Inputs): tf.Tensor {
    const x = [inputs].flat()[0]!;
    return tf.reshape(x, this.computeOutputShape(x.shape) as number[]);
  }
}

/** x where it is positive, alpha (exp(x) - 1) elsewhere. */
class Elu extends tf.layers.Layer {
  static readonly className = 'Keras3Elu';
  readonly #alpha: number;

  constructor(config: Config) {
    super(config as object);
    this.#alpha = config.alpha as number;
  }

  override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
    return shape as tf.Shape;
  }

  override call(inputs: Inputs): tf.Tensor {
    return tf.tidy(() => {
      const x = [inputs].flat()[0]!;
      return tf.add(tf.relu(x), tf.mul(this.#alpha, tf.elu(tf.minimum(x, 0))));
    });
  }
}

/** The middle of images [batch, height, width, channels]. Smaller ones, which Keras resizes, are refused. */
class CenterCrop extends tf.layers.Layer {
  static readonly className = 'Keras3CenterCrop';
  readonly #config: { readonly height: number; readonly width: number };

  constructor(config: Config) {
    super(config as object);
    this.#config = config as never;
  }

  override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
    const { height, width } = this.#config;
    const [batch, rows, columns, channels] = shape as tf.Shape;
    if (!(rows! >= height && columns! >= width)) {
      throw new Error(
        `CenterCrop '${this.name}' is supported for images of a fixed size of at least ${height} x ${width}`,
      );
    }
    return [batch!, height, width, channels!];
  }

  override call(inputs: Inputs): tf.Tensor {
    const { height, width } = this.#config;
    const x = [inputs].flat()[0] as tf.Tensor4D;
    const begin = (size: number, part: number): number => Math.floor((size - part) / 2);
    return tf.slice(x, [0, begin(x.shape[1], height), begin(x.shape[2], width), 0], [-1, height, width, -1]);
  }
}

/** tfjs's names of these layers. */
export const RESET_AFTER_GRU: string = ResetAfterGru.className;
export const BILINEAR: string = Bilinear.className;
export const SUBTRACT: string = Subtract.className;
export const RESHAPE: string = Reshape.className;

export const ELU: string = Elu.className;
export const CENTER_CROP: string = CenterCrop.className;

for (const layer of [ResetAfterGru, Bilinear, Subtract, Reshape, Elu, CenterCrop])
  tf.serialization.registerClass(layer as never);
