import { givingTensors } from '../record/made-tensors.js';
import { tf } from '../tfjs.js';

interface Rated {
  learningRate: number;
}

/** Stands for the learning rate in an optimizer's arithmetic: exact in float32, and nothing that comes up by itself. */
const MARK = Math.fround(1.7320508e-33);

/**
 * Runs an optimizer's own update with its learning rate read at every step: tfjs makes a scalar of `learningRate` or of
 * its negative, and these scalars become the input.
 *
 * @param input declares an input of the graph with this value at every step
 */
export function withLearningRateInput(
  optimizer: tf.Optimizer,
  input: (value: () => number) => tf.Tensor,
  update: () => void,
): void {
  const fields = optimizer as unknown as Rated;
  const { learningRate } = fields;
  const rate = input(() => fields.learningRate);
  fields.learningRate = MARK;
  try {
    givingTensors(({ values, shape, make }) => {
      if (shape.length > 0) return make();
      if (values[0] === MARK) return rate;
      return values[0] === -MARK ? tf.neg(rate) : make();
    }, update);
  } finally {
    fields.learningRate = learningRate;
  }
}
