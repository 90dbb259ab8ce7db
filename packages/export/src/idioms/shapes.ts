import { cast, ints, op, scalar } from '../graph/build.js';
import type { DType, Value } from '../graph/value.js';
import type { tf } from '../tfjs.js';

/** Adds axes of size 1; `axes` are positions in the result. */
export function unsqueeze(x: Value, axes: readonly number[]): Value {
  if (axes.length === 0) return x;
  const shape = [...x.shape];
  for (const axis of axes.toSorted((a, b) => a - b)) shape.splice(axis, 0, 1);
  return op('Unsqueeze', [x, ints(axes)], x.dtype, shape);
}

/** Removes axes of size 1. */
export function squeeze(x: Value, axes: readonly number[]): Value {
  if (axes.length === 0) return x;
  const shape = x.shape.filter((_, axis) => !axes.includes(axis));
  return op('Squeeze', [x, ints(axes)], x.dtype, shape);
}

/** Repeats axes of size 1 (and adds leading ones) up to `shape`. */
export function expand(x: Value, shape: readonly number[]): Value {
  if (x.rank === shape.length && x.shape.every((n, i) => n === shape[i])) return x;
  return op('Expand', [x, ints(shape)], x.dtype, shape);
}

/** One number repeated while the graph runs: unlike a constant it takes no room in the file. */
export function repeated(value: number, dtype: DType, shape: readonly number[]): Value {
  return expand(scalar(value, dtype), shape);
}

/** int32 0, 1, ... n - 1 for the axis's size n, read from `x` so that a free dimension stays free. */
export function positions(x: Value, axis: number): Value {
  const size = squeeze(op('Shape', [x], 'int64', [1], { start: axis, end: axis + 1 }), [0]);
  const range = op('Range', [scalar(0, 'int64'), size, scalar(1, 'int64')], 'int64', [x.shape[axis]!]);
  return cast(range, 'int32');
}

/** Element-wise choice. onnxruntime's CPU provider has no Where for bool. */
export function where(condition: Value, a: Value, b: Value, shape: readonly number[]): Value {
  if (a.dtype !== 'bool') return op('Where', [condition, a, b], a.dtype, shape);
  return cast(op('Where', [condition, cast(a, 'int32'), cast(b, 'int32')], 'int32', shape), 'bool');
}

/** Shape and dtype of a value in the form that tfjs's shape arithmetic takes. */
export function tensorInfo(x: Value): tf.TensorInfo {
  return { dataId: {}, shape: [...x.shape], dtype: x.dtype as tf.DataType };
}
