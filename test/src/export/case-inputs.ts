import { type LoweringCase, tf } from '@onnx-forge/export';
import { Random } from '@onnx-forge/infer';

export type Tensors = Record<string, tf.Tensor>;

/** The inputs of a lowering's case: the values it gives, or seeded ones. */
export function inputsOf({ inputs }: LoweringCase): Tensors {
  const random = new Random(7);
  const tensors: Tensors = {};
  for (const [name, { shape, dtype = 'float32', low = -1, high = 1, values }] of Object.entries(inputs)) {
    const size = shape.reduce((a, b) => a * b, 1);
    const numbers = values ?? Array.from({ length: size }, () => low + (high - low) * random.uniform());
    const rounded =
      dtype === 'float32' ? numbers : numbers.map((v) => (dtype === 'bool' ? Number(v > 0) : Math.round(v * 4)));
    tensors[name] = tf.tensor(values ? [...values] : rounded, [...shape], dtype);
  }
  return tensors;
}
