import { tf } from '@onnx-forge/export';
import type { BiasInitializerFactory, InitializerFactory } from './initializers.js';
import { type Network, sequential } from './network.js';

export interface MlpOptions {
  /** Of every layer but the last, which is linear. */
  readonly activation: 'elu' | 'relu' | 'tanh' | 'sigmoid';
  /** Of each layer's kernel. */
  readonly kernel: InitializerFactory;
  /** Of each layer's bias; default: zeros. */
  readonly bias?: BiasInitializerFactory;
  /** Is added to the biases of the last layer at the start: the network then computes f(x) + outputBias. */
  readonly outputBias?: number;
}

/**
 * A multilayer perceptron of dense layers.
 *
 * @param sizes input, hidden ..., output: [784, 300, 300, 200] has three layers
 */
export function mlp(sizes: readonly number[], { activation, kernel, bias, outputBias = 0 }: MlpOptions): Network {
  const [inputs, ...widths] = sizes;
  if (inputs === undefined || widths.length === 0) throw new TypeError('an MLP needs at least two sizes');
  const layers = widths.map((units, index) => {
    const last = index === widths.length - 1;
    const fanIn = sizes[index]!;
    return tf.layers.dense({
      units,
      kernelInitializer: kernel(),
      ...(bias && { biasInitializer: bias(fanIn) }),
      ...(index === 0 && { inputShape: [inputs] }),
      ...(!last && { activation }),
    });
  });
  const network = sequential(layers);
  const { variable } = network.weights.at(-1)!;
  tf.tidy(() => variable.assign(variable.add(outputBias)));
  return network;
}
