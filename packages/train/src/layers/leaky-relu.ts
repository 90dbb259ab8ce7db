import { tf } from '@onnx-forge/export';

/**
 * LeakyReLU as relu(x) - alpha relu(-x), which can be differentiated twice, as a gradient penalty needs; the gradient of
 * `tf.leakyRelu`, and so of `tf.layers.leakyReLU`, can't be differentiated again (tensorflow/tfjs#3252).
 */
export function leakyRelu(x: tf.Tensor, alpha: number): tf.Tensor {
  return tf.tidy(() => tf.relu(x).sub(tf.relu(x.neg()).mul(alpha)));
}

class LeakyRelu extends tf.layers.Layer {
  static readonly className = 'TwiceDifferentiableLeakyRelu';
  readonly #alpha: number;

  constructor({ alpha }: { alpha: number }) {
    super({});
    this.#alpha = alpha;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return leakyRelu(Array.isArray(inputs) ? inputs[0]! : inputs, this.#alpha);
  }

  override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape | tf.Shape[] {
    return shape;
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), alpha: this.#alpha };
  }
}

/** `leakyRelu` as a layer. */
export function leakyReluLayer(alpha: number): tf.layers.Layer {
  return new LeakyRelu({ alpha });
}
