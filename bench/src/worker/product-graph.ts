import { exportOnnx, tf } from '@onnx-forge/export';

/** The product of two square matrices, both fed: `a`, `b` -> `y`. */
export function productGraph(size: number): Uint8Array {
  const square = { shape: [size, size] } as const;
  return exportOnnx(({ a, b }) => ({ y: tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D) }), {
    inputs: { a: square, b: square },
  }).bytes;
}
