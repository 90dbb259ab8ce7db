import { sizeOf } from '@onnx-forge/infer';
import { reshape, scalar } from '../graph/build.js';
import { nodeOf, type Value } from '../graph/value.js';
import { expand } from '../idioms/shapes.js';

/** The number that a constant repeats everywhere; undefined for other values. Not for variables: those are inputs by now. */
export function uniformValue(value: Value): number | undefined {
  if (value.source.kind !== 'constant' || value.dtype === 'int64' || value.size === 0) return undefined;
  if (value.source.uniform !== undefined) return value.source.uniform;
  const data = value.source.data();
  const [first] = data;
  for (let i = 1; i < data.length; i++) if (!Object.is(data[i], first)) return undefined;
  return Number(first);
}

/**
 * The smaller value that a value repeats along axes or in front of them: an element-wise operator whose other operand has the full shape
 * takes this in its place. The value itself if it repeats nothing.
 */
export function repeated(value: Value): Value {
  const source = stripped(value);
  return source === value ? value : repeated(source);
}

function stripped(value: Value): Value {
  const node = nodeOf(value, 'Expand', 'Tile', 'Reshape');
  const source = node?.inputs[0];
  if (source === undefined) {
    const number = value.size > 1 ? uniformValue(value) : undefined;
    return number === undefined ? value : scalar(number, value.dtype);
  }
  if (node?.op === 'Reshape') return sameButLeadingOnes(source.shape, value.shape) ? source : value;
  const lead = value.rank - source.rank;
  const broadcast = source.shape.every((n, axis) => n === 1 || n === value.shape[axis + lead]);
  return broadcast ? source : value;
}

function sameButLeadingOnes(a: readonly number[], b: readonly number[]): boolean {
  const trimmed = (shape: readonly number[]): string => {
    const first = shape.findIndex((n) => n !== 1);
    return first < 0 ? '' : shape.slice(first).join();
  };
  return trimmed(a) === trimmed(b);
}

/** The value in this shape: the same numbers, or repeated; axes of size 1 may come and go in front. */
export function broadcastTo(value: Value, shape: readonly number[]): Value {
  if (value.size === sizeOf(shape)) return reshape(value, shape);
  const surplus = value.rank - shape.length;
  return expand(surplus > 0 ? reshape(value, value.shape.slice(surplus)) : value, shape);
}
