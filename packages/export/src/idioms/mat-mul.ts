import { binary, op, reshape, transpose } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { tf } from '../tfjs.js';

/** Which factors are transposed first. */
export interface MatMulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

const swapLast = (x: Value): Value => {
  const perm = x.shape.map((_, axis) => axis);
  [perm[x.rank - 2], perm[x.rank - 1]] = [x.rank - 1, x.rank - 2];
  return transpose(x, perm);
};

/** tfjs's fused product has batches of one where its caller had matrices. */
const isOneMatrix = (x: Value): boolean => x.shape.slice(0, -2).every((n) => n === 1);

/**
 * Gemm for two matrices (it takes the transposes and the bias itself; onnxruntime's is for floats), MatMul for batches.
 * @throws Error when the inner or the batch dimensions do not agree.
 */
export function matMul(a: Value, b: Value, { transposeA, transposeB }: MatMulAttributes, bias?: Value): Value {
  const inner = [a.shape.at(transposeA ? -2 : -1), b.shape.at(transposeB ? -1 : -2)];
  if (a.rank < 2 || b.rank < 2 || inner[0] !== inner[1]) {
    const flags = `transposeA=${transposeA} and transposeB=${transposeB}`;
    throw new Error(`matMul: inner shapes of [${a.shape}] and [${b.shape}] with ${flags} must match`);
  }
  const shape = [a.shape.at(transposeA ? -1 : -2)!, b.shape.at(transposeB ? -2 : -1)!];
  if (a.dtype === 'float32' && isOneMatrix(a) && isOneMatrix(b) && (bias?.rank ?? 0) <= 2) {
    const matrices = [a, b].map((x) => reshape(x, x.shape.slice(-2)));
    const product = op('Gemm', bias ? [...matrices, bias] : matrices, a.dtype, shape, {
      transA: transposeA ? 1 : 0,
      transB: transposeB ? 1 : 0,
    });
    return reshape(product, [...Array<number>(Math.max(a.rank, b.rank) - 2).fill(1), ...shape]);
  }
  const left = transposeA ? swapLast(a) : a;
  const right = transposeB ? swapLast(b) : b;
  const batch = tf.backend_util.assertAndGetBroadcastShape([...a.shape.slice(0, -2)], [...b.shape.slice(0, -2)]);
  const product = op('MatMul', [left, right], a.dtype, [...batch, ...shape]);
  return bias ? binary('Add', product, bias) : product;
}
