import { tf } from '../tfjs.js';

/** A tensor that tfjs is about to make of numbers in memory. */
export interface MadeTensor {
  readonly values: ArrayLike<unknown>;
  readonly shape: readonly number[];
  readonly dtype: tf.DataType;
  /** Makes it. */
  make(): tf.Tensor;
}

/**
 * Runs `f`; whenever tfjs makes a tensor of numbers in memory meanwhile, it gets what `give` returns.
 * tfjs's own functions call each other directly and can't be replaced themselves; what they make goes through the engine.
 */
export function givingTensors<T>(give: (made: MadeTensor) => tf.Tensor, f: () => T): T {
  const engine = tf.engine();
  const { makeTensor } = engine;
  engine.makeTensor = (values, shape, dtype, backend) =>
    give({ values, shape, dtype, make: () => makeTensor.call(engine, values, shape, dtype, backend) });
  try {
    return f();
  } finally {
    engine.makeTensor = makeTensor;
  }
}
