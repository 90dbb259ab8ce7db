import { tf } from '../tfjs.js';

/**
 * Runs `f`; whenever tfjs makes a tensor of numbers in memory meanwhile, `replace` may give another one in its place.
 * tfjs's own functions call each other directly and can't be replaced themselves; what they make goes through the engine.
 */
export function replacingMadeTensors<T>(
  replace: (values: ArrayLike<unknown>, shape: readonly number[], dtype: tf.DataType) => tf.Tensor | undefined,
  f: () => T,
): T {
  const engine = tf.engine();
  const { makeTensor } = engine;
  engine.makeTensor = (values, shape, dtype, backend) =>
    replace(values, shape, dtype) ?? makeTensor.call(engine, values, shape, dtype, backend);
  try {
    return f();
  } finally {
    engine.makeTensor = makeTensor;
  }
}
