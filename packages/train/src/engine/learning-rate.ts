import type { tf } from '@onnx-forge/export';
import { TrainError } from '../errors.js';

/** The part of tfjs's optimizers that its type declarations keep private. */
interface Rated {
  learningRate: number;
}

/**
 * Lets the learning rate of a stock optimizer be changed while it trains, in both engines.
 *
 * @param step named in the error
 * @returns sets it to `factor` times what the recipe gave the optimizer
 */
export function learningRateOf(optimizer: tf.Optimizer, step: string): (factor: number) => void {
  const rated = optimizer as unknown as Rated;
  const { learningRate } = rated;
  let current = 1;
  // By name: in tfjs every optimizer is an `instanceof` every other.
  const kind = optimizer.getClassName();
  return (factor) => {
    if (factor === current) return;
    current = factor;
    switch (kind) {
      case 'Adam':
      case 'Adagrad':
      case 'Adadelta':
      case 'Adamax':
      case 'RMSProp':
        rated.learningRate = factor * learningRate;
        break;
      case 'SGD':
      case 'Momentum':
        (optimizer as tf.SGDOptimizer).setLearningRate(factor * learningRate);
        break;
      default: {
        const message = `step '${step}' has the optimizer ${kind}, whose learning rate can't follow a schedule: use one of tfjs's own`;
        throw new TrainError('recipe-invalid', message, { step, optimizer: kind });
      }
    }
  };
}
