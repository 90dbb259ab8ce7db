/** A layer of Keras that heeds masks, where tfjs's does not. */
import { tf } from '../../tfjs.js';

type Inputs = tf.Tensor | tf.Tensor[];
type Masks = tf.Tensor | (tf.Tensor | null)[] | null | undefined;

/** The mean over time [batch, time, features] of the steps that are not masked. */
class MaskedMean extends tf.layers.Layer {
  static readonly className = 'KerasMaskedMean';

  constructor(config: object) {
    super(config);
    this.supportsMasking = true;
  }

  override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
    const [batch, , features] = shape as tf.Shape;
    return [batch!, features!];
  }

  override computeMask(): tf.Tensor {
    return null as never;
  }

  override call(inputs: Inputs, { mask }: { mask?: Masks }): tf.Tensor {
    return tf.tidy(() => {
      const x = [inputs].flat()[0]!;
      const given = [mask].flat()[0];
      if (!given) return tf.mean(x, 1);
      const on = tf.expandDims(tf.cast(given, 'float32'), 2);
      return tf.div(tf.sum(tf.mul(x, on), 1), tf.sum(on, 1));
    });
  }
}

/** tfjs's name of this layer. */
export const MASKED_MEAN: string = MaskedMean.className;

tf.serialization.registerClass(MaskedMean as never);
