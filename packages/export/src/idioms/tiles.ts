/**
 * Rearrangements of channels-last images that copy whole rows: every stride-th row and column apart, or together again.
 * With them a strided window needs no strided slices, which onnxruntime does element by element.
 */
import { sizeOf } from '@onnx-forge/infer';
import { ints, op, ops, reshape, scalar } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { axes as range } from './layout.js';

/** [lead, stride, rest] for each spatial axis: rows to the left of it are apart already, those to the right not yet. */
function steps([batch, ...sizes]: readonly number[], strides: readonly number[]): [number, number, number][] {
  return strides.map((stride, i) => {
    const apart = sizes.slice(0, i + 1).map((size, j) => size / strides[j]!);
    return [batch! * sizeOf(apart), stride, sizeOf(sizes.slice(i + 1))];
  });
}

/**
 * x [batch, ...space, channels] with space divisible by the strides, as product(strides) phases [batch, ...space /
 * strides, channels], in row order of their first elements.
 */
export function splitPhases(x: Value, strides: readonly number[]): Value[] {
  let parts = [x];
  for (const [lead, stride, rest] of steps(x.shape, strides)) {
    if (stride === 1) continue;
    const spec = { dtype: x.dtype, shape: [lead, 1, rest] };
    const outputs = range(0, stride).map(() => spec);
    parts = parts.flatMap((part) =>
      ops('Split', [reshape(part, [lead, stride, rest])], outputs, { axis: 1, num_outputs: stride }),
    );
  }
  const shape = x.shape.map((n, i) => n / (strides[i - 1] ?? 1));
  return parts.map((part) => reshape(part, shape));
}

/** Inverse of `splitPhases`. An absent phase is zero; between two of the same axis at most one is there, or all are. */
export function joinPhases(phases: readonly (Value | undefined)[], strides: readonly number[]): Value {
  const first = phases.find((phase) => phase !== undefined)!;
  const shape = first.shape.map((n, i) => n * (strides[i - 1] ?? 1));
  let parts = [...phases];
  for (const [lead, stride, rest] of steps(shape, strides).reverse()) {
    if (stride === 1) continue;
    const rows = parts.map((part) => part && reshape(part, [lead, 1, rest]));
    const groups = range(0, rows.length / stride).map((g) => rows.slice(g * stride, (g + 1) * stride));
    parts = groups.map((group) => interleave(group, [lead, stride, rest]));
  }
  return reshape(parts[0]!, shape);
}

/** [lead, stride, rest] of rows [lead, 1, rest], of which all are there, one, or none. */
function interleave(group: readonly (Value | undefined)[], shape: readonly number[]): Value | undefined {
  const present = group.filter((row) => row !== undefined);
  const [row] = present;
  if (row === undefined) return undefined;
  if (present.length === group.length) return op('Concat', present, row.dtype, shape, { axis: 1 });
  const before = group.indexOf(row);
  const pads = ints([0, before, 0, 0, group.length - 1 - before, 0]);
  return op('Pad', [row, pads, scalar(0, row.dtype)], row.dtype, shape);
}

/** Lengthens (positive) or cuts (negative) the spatial axes of a channels-last image at both ends. */
export function resize(x: Value, before: readonly number[], after: readonly number[], value = 0): Value {
  const n = before.length;
  const cutTo = after.map((end, i) => x.shape[1 + i]! + Math.min(0, end));
  const cutFrom = before.map((start) => Math.max(0, -start));
  const whole = cutTo.every((end, i) => end === x.shape[1 + i]! && cutFrom[i] === 0);
  const shape = [x.shape[0]!, ...cutTo.map((end, i) => end - cutFrom[i]!), x.shape[n + 1]!];
  const part = whole ? x : op('Slice', [x, ints(cutFrom), ints(cutTo), ints(range(1, 1 + n))], x.dtype, shape);
  const pads = [before, after].map((ends) => [0, ...ends.map((end) => Math.max(0, end)), 0]);
  if (pads.flat().every((pad) => pad === 0)) return part;
  const padded = shape.map((size, i) => size + pads[0]![i]! + pads[1]![i]!);
  return op('Pad', [part, ints(pads.flat()), scalar(value, x.dtype)], x.dtype, padded);
}
