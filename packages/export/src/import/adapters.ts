import { Random } from '@onnx-forge/infer';
import { tf } from '../tfjs.js';
import type { MatrixLayout } from './matrices.js';
import { OnnxImportError } from './model/errors.js';
import type { Initializer } from './model/structure.js';

/** Low-rank adapters (Hu et al. 2021) in place of the weights that are trained. */
export interface LoraOptions {
  readonly rank: number;
  /** The adapters' product counts alpha / rank times. Default: the rank, so that it counts once. */
  readonly alpha?: number;
  /** Of the factors A at the start. Default: of seed 1. */
  readonly random?: Random;
}

/**
 * A weight W that stays and its adapter: W + (alpha / rank) B A, for W laid [out, in]. As in the paper B is zero at the start, so that the
 * model is unchanged; A is uniform in +- 1 / sqrt(in), as in its authors' code.
 */
export interface Adapter {
  readonly weight: tf.Variable;
  /** [rank, in] */
  readonly a: tf.Variable;
  /** [out, rank] */
  readonly b: tf.Variable;
  readonly scale: number;
  readonly layout: MatrixLayout;
}

/** @throws OnnxImportError for a rank that is no whole number of at least 1, and an alpha that is not above 0 */
export function checkLora({ rank, alpha = rank }: LoraOptions): void {
  if (!(Number.isSafeInteger(rank) && rank >= 1)) {
    throw new OnnxImportError(`the rank of adapters is a whole number of at least 1, not ${rank}`, { rank });
  }
  if (!(Number.isFinite(alpha) && alpha > 0)) {
    throw new OnnxImportError(`alpha of adapters is a number above 0, not ${alpha}`, { alpha });
  }
}

/** @throws OnnxImportError for a rank above that of the weight itself */
export function adapterOf(
  weight: tf.Variable,
  { name, shape }: Pick<Initializer, 'name' | 'shape'>,
  layout: MatrixLayout,
  { rank, alpha = rank, random = new Random(1) }: LoraOptions,
): Adapter {
  const [rows, columns] = shape as [number, number];
  const [inputs, outputs] = layout === 'in-out' ? [rows, columns] : [columns, rows];
  const most = Math.min(inputs, outputs);
  if (rank > most) {
    throw new OnnxImportError(
      `an adapter of '${name}' ([${shape}]) has a rank of at most ${most}, not ${rank}: take a smaller one, or name other weights`,
      { weight: name, rank, most },
    );
  }
  const bound = 1 / Math.sqrt(inputs);
  const numbers = random.fork(name).fillUniform(new Float32Array(rank * inputs), -bound, bound);
  return tf.tidy(() => ({
    weight,
    a: tf.variable(tf.tensor2d(numbers, [rank, inputs]), true),
    b: tf.variable(tf.zeros([outputs, rank]), true),
    scale: alpha / rank,
    layout,
  }));
}

/** The weight with its adapter, for gradients: a product of the small factors and a sum. */
export function adapted({ weight, a, b, scale, layout }: Adapter): tf.Tensor {
  const product =
    layout === 'out-in'
      ? tf.matMul(b as tf.Tensor, a as tf.Tensor)
      : tf.matMul(a as tf.Tensor, b as tf.Tensor, true, true);
  return tf.add(weight, tf.reshape(scale === 1 ? product : tf.mul(product, scale), weight.shape));
}

/** The same numbers, merged: products are summed in double precision. */
export function mergedNumbers(
  { weight: { size }, a: { shape }, scale, layout }: Adapter,
  [weight, a, b]: readonly [ArrayLike<number>, ArrayLike<number>, ArrayLike<number>],
): Float32Array {
  const [rank, inputs] = shape as [number, number];
  const outputs = size / inputs;
  const merged = new Float32Array(size);
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      let sum = 0;
      for (let r = 0; r < rank; r++) sum += b[o * rank + r]! * a[r * inputs + i]!;
      const at = layout === 'out-in' ? o * inputs + i : i * outputs + o;
      merged[at] = weight[at]! + scale * sum;
    }
  }
  return merged;
}
