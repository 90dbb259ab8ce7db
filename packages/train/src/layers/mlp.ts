import { tf } from '@onnx-forge/export';
import type { InitializerFactory } from './initializers.js';
import { type Network, sequential } from './network.js';

export interface MlpOptions {
  /** Of every layer but the last, which is linear. */
  readonly activation: 'elu' | 'relu' | 'tanh' | 'sigmoid';
  /** One kernel initialiser per layer. Biases start at zero. */
  readonly kernel: InitializerFactory;
  /** Where the biases of the last layer start. */
  readonly outputBias?: number;
}

/**
 * A multilayer perceptron of dense layers.
 *
 * @param sizes input, hidden ..., output: [784, 300, 300, 200] has three layers
 */
export function mlp(sizes: readonly number[], { activation, kernel, outputBias = 0 }: MlpOptions): Network {
  const [inputs, ...widths] = sizes;
  if (inputs === undefined || widths.length === 0) throw new TypeError('an MLP needs at least two sizes');
  const layers = widths.map((units, index) => {
    const last = index === widths.length - 1;
    return tf.layers.dense({
      units,
      kernelInitializer: kernel(),
      ...(index === 0 && { inputShape: [inputs] }),
      ...(!last && { activation }),
      ...(last && outputBias !== 0 && { biasInitializer: tf.initializers.constant({ value: outputBias }) }),
    });
  });
  return sequential(layers);
}
