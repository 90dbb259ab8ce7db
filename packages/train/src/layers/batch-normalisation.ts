import { tf } from '@onnx-forge/export';
import { InputError } from '@onnx-forge/infer';

export interface BatchNormalisationOptions {
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number;
  /** How much the running averages keep at an update: 0.9 is PyTorch's `momentum=0.1`. Default 0.9. */
  readonly momentum?: number;
  /** Whether scale and shift are trained. Default true. */
  readonly trainable?: boolean;
  readonly gammaInitializer?: 'ones' | 'zeros';
}

/** The members of tfjs's layer that its types leave out. */
interface StockLayer extends tf.layers.Layer {
  readonly axis: number;
  readonly momentum: number;
  readonly movingVariance: { read(): tf.Tensor; write(value: tf.Tensor): unknown };
}

// tfjs exports a function that makes the layer, not its class.
const Stock = tf.layers.batchNormalization().constructor as new (options: BatchNormalisationOptions) => StockLayer;

/** tfjs averages the biased variances of its batches, PyTorch the unbiased ones. */
class BatchNormalisation extends Stock {
  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { readonly training?: boolean }): tf.Tensor | tf.Tensor[] {
    if (!kwargs.training) return super.call(inputs, kwargs);
    const x = Array.isArray(inputs) ? inputs[0]! : inputs;
    return tf.tidy(() => {
      const before = this.movingVariance.read().clone();
      const normalised = super.call(inputs, kwargs);
      const n = x.size / x.shape.at(this.axis)!;
      if (n < 2)
        throw new InputError(`${this.name}: one value per channel has no variance: the batch must be larger`, { n });
      // m a + (1 - m) v became the average: v n / (n - 1) takes the place of v.
      const factor = n / (n - 1);
      const kept = before.mul(this.momentum * (1 - factor));
      this.movingVariance.write(this.movingVariance.read().mul(factor).add(kept));
      return normalised;
    });
  }
}

/**
 * Batch normalisation as PyTorch has it (Ioffe & Szegedy 2015): batches are normalised by their biased variance, and the
 * running average, which inference uses, is of the unbiased one, n / (n - 1) times as large, n the values per channel.
 */
export function batchNormalisation({
  epsilon = 1e-5,
  momentum = 0.9,
  ...others
}: BatchNormalisationOptions = {}): tf.layers.Layer {
  return new BatchNormalisation({ epsilon, momentum, ...others });
}
