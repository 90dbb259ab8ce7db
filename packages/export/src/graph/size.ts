/**
 * Sizes in lowerings: numbers, or, where they depend on a free dimension, numbers that the graph computes from the shapes
 * of its values. Arithmetic of plain numbers stays plain, so a graph of fixed sizes gets no further nodes.
 */
import { binary, cast, ints, op } from './build.js';
import type { DType, Value } from './value.js';

/** A size that the graph computes. */
export interface ComputedSize {
  /** The size in this trace. */
  readonly now: number;
  /** int64 [1]. */
  readonly value: Value;
}

export type Size = number | ComputedSize;

/** The size of an axis: computed where the axis varies with a free dimension. */
export function sizeAt(x: Value, axis: number): Size {
  return x.varying?.has(axis) ? shapeEntry(x, axis) : x.shape[axis]!;
}

/** The size of an axis, read while the graph runs. */
export function shapeEntry(x: Value, axis: number): ComputedSize {
  return { now: x.shape[axis]!, value: op('Shape', [x], 'int64', [1], { start: axis, end: axis + 1 }) };
}

/** The size in this trace. */
export const now = (size: Size): number => (typeof size === 'number' ? size : size.now);

const vectorOf = (size: Size): Value => (typeof size === 'number' ? ints([size]) : size.value);

function arithmetic(type: string, compute: (a: number, b: number) => number, neutral?: number, commutes = false) {
  return (a: Size, b: Size): Size => {
    if (typeof a === 'number' && typeof b === 'number') return compute(a, b);
    if (b === neutral) return a;
    if (commutes && a === neutral) return b;
    return { now: compute(now(a), now(b)), value: binary(type, vectorOf(a), vectorOf(b)) };
  };
}

export const plus: (a: Size, b: Size) => Size = arithmetic('Add', (a, b) => a + b, 0, true);
export const minus: (a: Size, b: Size) => Size = arithmetic('Sub', (a, b) => a - b, 0);
export const times: (a: Size, b: Size) => Size = arithmetic('Mul', (a, b) => a * b, 1, true);
/** The larger one. */
export const larger: (a: Size, b: Size) => Size = arithmetic('Max', Math.max);
/** Of a size that is not negative. */
export const floorDiv: (a: Size, b: Size) => Size = arithmetic('Div', (a, b) => Math.floor(a / b), 1);
/** Of a size that is not negative. */
export const ceilDiv = (a: Size, b: Size): Size => floorDiv(plus(a, minus(b, 1)), b);
/** Of a size that is not negative. */
export const modulo: (a: Size, b: Size) => Size = arithmetic('Mod', (a, b) => a % b);

export const product = (sizes: readonly Size[]): Size => sizes.reduce(times, 1);

/** A 1-d int64 value of the sizes; a constant when all are numbers. */
export function sizeVector(sizes: readonly Size[]): Value {
  if (sizes.every((size) => typeof size === 'number')) return ints(sizes);
  if (sizes.length === 1) return vectorOf(sizes[0]!);
  const parts: Value[] = [];
  let known: number[] = [];
  const flush = (): void => {
    if (known.length > 0) parts.push(ints(known));
    known = [];
  };
  for (const size of sizes) {
    if (typeof size === 'number') known.push(size);
    else {
      flush();
      parts.push(size.value);
    }
  }
  flush();
  return op('Concat', parts, 'int64', [sizes.length], { axis: 0 });
}

/** A computed size as a number of the dtype, of shape []. */
export function sizeScalar(size: ComputedSize, dtype: DType): Value {
  return cast(op('Squeeze', [size.value], 'int64', []), dtype);
}
