/** How lowerings write nodes: pure functions from values to values; shapes are always stated, never guessed. */
import { sizeOf } from '@onnx-forge/infer';
import type { Attributes, Body, ConstantData, DType, GraphNode } from './value.js';
import { Value } from './value.js';

type Shape = readonly number[];

export interface OutputSpec {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A node with several outputs. */
export function ops(
  type: string,
  inputs: readonly (Value | undefined)[],
  outputs: readonly OutputSpec[],
  attributes: Attributes = {},
  domain = '',
  body?: Body,
): Value[] {
  const values: Value[] = [];
  const node: GraphNode = { op: type, domain, inputs, attributes, outputs: values, ...(body && { body }) };
  for (const [index, spec] of outputs.entries()) {
    values.push(new Value(spec.dtype, spec.shape, { kind: 'node', node, index }));
  }
  return values;
}

/** A node with one output of the given dtype and shape. */
export function op(
  type: string,
  inputs: readonly (Value | undefined)[],
  dtype: DType,
  shape: Shape,
  attributes: Attributes = {},
  domain = '',
): Value {
  return ops(type, inputs, [{ dtype, shape }], attributes, domain)[0]!;
}

/** A value that is fed. */
export function input(name: string, dtype: DType, shape: Shape): Value {
  return new Value(dtype, shape, { kind: 'input', name });
}

export function constant(data: ConstantData, dtype: DType, shape: Shape): Value {
  return new Value(dtype, shape, { kind: 'constant', data: () => data });
}

/** Allocates an array of the dtype's own kind. */
export function arrayOf(dtype: DType, values: readonly number[] | number): ConstantData {
  const n = typeof values === 'number' ? values : values.length;
  if (dtype === 'int64') return typeof values === 'number' ? new BigInt64Array(n) : BigInt64Array.from(values, BigInt);
  const array = dtype === 'float32' ? new Float32Array(n) : dtype === 'int32' ? new Int32Array(n) : new Uint8Array(n);
  if (typeof values !== 'number') array.set(values);
  return array;
}

/** 1-d int64 constant: shapes, axes, starts, pads. Entries that vary with a free dimension become computed on export. */
export function ints(values: readonly number[]): Value {
  return constant(arrayOf('int64', values), 'int64', [values.length]);
}

export function scalar(value: number, dtype: DType): Value {
  return constant(arrayOf(dtype, [value]), dtype, []);
}

/** A tensor of one repeated value; the array is made on first use. */
export function fill(value: number, dtype: DType, shape: Shape): Value {
  const size = sizeOf(shape);
  const data = (): ConstantData => {
    const array = arrayOf(dtype, size);
    return array instanceof BigInt64Array ? array.fill(BigInt(value)) : array.fill(value);
  };
  return new Value(dtype, shape, { kind: 'constant', data, uniform: value });
}

/** ONNX element types (onnx.proto TensorProto.DataType). */
export const ONNX_TYPE: Readonly<Record<DType, number>> = { float32: 1, int32: 6, int64: 7, bool: 9 };

export function cast(x: Value, dtype: DType): Value {
  if (x.dtype === dtype) return x;
  const result = op('Cast', [x], dtype, x.shape, { to: ONNX_TYPE[dtype] });
  if (x.varying) result.varying = x.varying;
  return result;
}

export function reshape(x: Value, shape: Shape): Value {
  const same = x.shape.length === shape.length && x.shape.every((n, i) => n === shape[i]);
  return same ? x : op('Reshape', [x, ints(shape)], x.dtype, shape, { allowzero: 1 });
}

export function transpose(x: Value, perm: readonly number[]): Value {
  if (perm.every((p, i) => p === i)) return x;
  const shape = perm.map((p) => x.shape[p]!);
  const result = op('Transpose', [x], x.dtype, shape, { perm });
  const { varying } = x;
  if (varying) result.varying = new Set(perm.flatMap((p, i) => (varying.has(p) ? [i] : [])));
  return result;
}

/**
 * Numpy's broadcast shape of two shapes.
 * @throws Error when they do not agree.
 */
export function broadcastShape(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  const at = (s: Shape, i: number): number => s[s.length - rank + i] ?? 1;
  return Array.from({ length: rank }, (_, i) => {
    const [m, n] = [at(a, i), at(b, i)];
    if (m !== n && m !== 1 && n !== 1) throw new Error(`shapes [${a}] and [${b}] cannot be broadcast together`);
    return m === 1 ? n : m;
  });
}

/** Element-wise node of two operands, broadcast. */
export function binary(type: string, a: Value, b: Value, dtype: DType = a.dtype): Value {
  return op(type, [a, b], dtype, broadcastShape(a.shape, b.shape));
}

/** Element-wise node of one operand. */
export function unary(type: string, x: Value, attributes: Attributes = {}): Value {
  return op(type, [x], x.dtype, x.shape, attributes);
}

/** Runs a float-only operator on any dtype: cast there and back. */
export function viaFloat(x: Value, f: (x: Value) => Value): Value {
  return cast(f(cast(x, 'float32')), x.dtype);
}
