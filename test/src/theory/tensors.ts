import { tf } from '@onnx-forge/export';
import { Random } from '@onnx-forge/infer';
import type { StepRandom } from '@onnx-forge/train';

/** Mocha hooks: the objectives run on tfjs's own `cpu` backend, and each test's tensors are freed. */
export function useTensors(): void {
  before(async () => {
    await tf.setBackend('cpu');
  });
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());
}

/** A step's randomness, drawn from a seed. */
export function drawing(seed: number): StepRandom {
  const random = new Random(seed);
  const values = (shape: readonly number[]) => new Float32Array(shape.reduce((size, length) => size * length, 1));
  return {
    normal: (shape) => tf.tensor(random.fillNormal(values(shape)), [...shape]),
    uniform: (shape, low, high) => tf.tensor(random.fillUniform(values(shape), low, high), [...shape]),
  };
}

/** The values of a tensor of any shape. */
export function read(tensor: tf.Tensor): Float32Array {
  return tensor.dataSync() as Float32Array;
}
