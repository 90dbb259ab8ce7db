import { cast, ints, op, ops } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { tf } from '../tfjs.js';

/** Joins values along an axis; they take the first one's dtype, as in tfjs. */
export function concat(values: readonly Value[], axis: number): Value {
  const [first] = values as [Value];
  if (values.length === 1) return first;
  const shape = tf.backend_util.computeOutShape(
    values.map((value) => [...value.shape]),
    axis,
  );
  const same = values.map((value) => cast(value, first.dtype));
  return op('Concat', same, first.dtype, shape, { axis });
}

/**
 * Outputs that a Split may have: onnxruntime's WebGPU kernel binds each to a storage buffer of one shader, beside the
 * input, and WebGPU promises 8 of them. (Its Concat takes any number.)
 */
const MOST_PARTS = 7;

/** Parts of the given sizes along an axis; where they are many, parts of parts. */
export function split(x: Value, sizes: readonly number[], axis: number): Value[] {
  if (sizes.length === 1) return [x];
  if (sizes.length > MOST_PARTS) {
    const each = Math.ceil(sizes.length / MOST_PARTS);
    const groups: number[][] = [];
    for (let start = 0; start < sizes.length; start += each) groups.push(sizes.slice(start, start + each));
    const totals = groups.map((group) => group.reduce((sum, size) => sum + size, 0));
    return split(x, totals, axis).flatMap((part, i) => split(part, groups[i]!, axis));
  }
  const shapes = sizes.map((size) => x.shape.map((n, i) => (i === axis ? size : n)));
  return ops(
    'Split',
    [x, ints(sizes)],
    shapes.map((shape) => ({ dtype: x.dtype, shape })),
    { axis },
  );
}
