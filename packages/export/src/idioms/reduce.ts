import { ints, op } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { tf } from '../tfjs.js';

export interface ReductionAttributes {
  readonly axis?: number | number[];
  readonly keepDims?: boolean;
}

/** A Reduce* node over tfjs's `axis` (all axes when absent; negative ones count from the end). */
export function reduce(type: string, x: Value, { axis, keepDims = false }: ReductionAttributes): Value {
  const axes = tf.util.parseAxisParam(axis as number | number[], [...x.shape]);
  const kept = x.shape.map((n, i) => (axes.includes(i) ? 1 : n));
  const shape = keepDims ? kept : kept.filter((_, i) => !axes.includes(i));
  if (axes.length === 0) return x;
  return op(type, [x, ints(axes)], x.dtype, shape, { keepdims: keepDims ? 1 : 0 });
}
