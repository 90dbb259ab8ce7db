/** Resizing along axes of free size: indices and weights are computed in the graph. */
import { binary, cast, ints, op, scalar } from '../graph/build.js';
import { type ComputedSize, larger, minus, now, type Size, sizeScalar, sizeVector, times } from '../graph/size.js';
import type { Value } from '../graph/value.js';
import { gather } from './gather.js';

/** How tfjs lays the output's grid over the input's. */
export interface Sampling {
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

/** tfjs rounds i times 1 / factor in double precision; for these factors that is the whole part of i / factor. */
export function canRepeat(factor: number, { alignCorners }: Sampling): boolean {
  return Number.isInteger(factor) && factor <= 32 && !alignCorners;
}

/** Every entry of an axis of free size `factor` times; `to` in all. */
export function repeatEach(x: Value, axis: number, factor: number, to: number): Value {
  if (factor === 1) return x;
  const copied = gather(x, binary('Div', positionsUpTo(asked(to)), scalar(factor, 'int64')), axis);
  if (x.varying) copied.varying = x.varying;
  return copied;
}

/** A size that tfjs was asked for: should it vary with a free dimension, it is computed on export. */
export const asked = (to: number): ComputedSize => ({ now: to, value: ints([to]) });

/** int64 0, 1, ... size - 1. */
function positionsUpTo(size: ComputedSize): Value {
  return op('Range', [scalar(0, 'int64'), sizeScalar(size, 'int64'), scalar(1, 'int64')], 'int64', [size.now]);
}

/**
 * Interpolation along an axis of free size as a matrix [to, from]. The positions are fractions of whole numbers: their
 * whole parts are exact for every size.
 */
export function freeWeights(from: ComputedSize, to: ComputedSize, { alignCorners, halfPixelCenters }: Sampling): Value {
  const [rows, columns] = [now(to), now(from)];
  const i = positionsUpTo(to);
  const scaled = (x: Value, size: Size): Value => binary('Mul', x, sizeVector([size]));
  const shifted = (x: Value, size: Size): Value => binary('Sub', x, sizeVector([size]));
  const one = scalar(1, 'int64');
  const [numerator, denominator] = ((): [Value, Size] => {
    if (alignCorners) return [scaled(i, minus(from, 1)), larger(minus(to, 1), 1)];
    if (!halfPixelCenters) return [scaled(i, from), to];
    const odd = binary('Add', binary('Mul', i, scalar(2, 'int64')), one);
    return [shifted(scaled(odd, from), to), times(to, 2)];
  })();
  const last = sizeVector([times(minus(from, 1), denominator)]);
  const at = binary('Min', binary('Max', numerator, scalar(0, 'int64')), last);
  const low = binary('Div', at, sizeVector([denominator]));
  const rest = cast(binary('Sub', at, scaled(low, denominator)), 'float32');
  const share = binary('Div', rest, cast(sizeVector([denominator]), 'float32'));
  const column = (x: Value): Value => op('Unsqueeze', [x, ints([1])], x.dtype, [rows, 1]);
  const j = positionsUpTo(from);
  const where = (index: Value, weight: Value): Value => {
    const hit = binary('Equal', column(index), j, 'bool');
    return op('Where', [hit, column(weight), scalar(0, 'float32')], 'float32', [rows, columns]);
  };
  const below = where(low, binary('Sub', scalar(1, 'float32'), share));
  return binary('Add', below, where(binary('Add', low, one), share));
}
