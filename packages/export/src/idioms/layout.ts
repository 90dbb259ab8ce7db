/**
 * Layout, decided here and nowhere else: tfjs stores images [batch, ...space, channels] and filters
 * [...kernel, in, out]; ONNX wants [batch, channels, ...space] and [out, in, ...kernel].
 */
import { sizeOf } from '@onnx-forge/infer';
import { reshape, transpose } from '../graph/build.js';
import type { Value } from '../graph/value.js';

/** Where a tfjs tensor keeps its channels. */
export type Layout = 'channelsLast' | 'channelsFirst';

/** tfjs's `dataFormat` attribute (NHWC, NCHW, NDHWC, NCDHW). */
export function layoutOf(dataFormat: string | undefined): Layout {
  return dataFormat?.startsWith('NC') ? 'channelsFirst' : 'channelsLast';
}

/** Transposes; a transpose of a transpose is one, or none, so that layers that follow each other keep ONNX's layout. */
export function permute(x: Value, perm: readonly number[]): Value {
  const { source } = x;
  if (source.kind !== 'node' || source.node.op !== 'Transpose') return transpose(x, perm);
  const inner = source.node.attributes.perm as readonly number[];
  return transpose(
    source.node.inputs[0]!,
    perm.map((axis) => inner[axis]!),
  );
}

/** [batch, channels, ...space] from tfjs's order. */
export function channelsFirst(x: Value, layout: Layout): Value {
  if (layout === 'channelsFirst') return x;
  return permute(x, [0, x.rank - 1, ...axes(1, x.rank - 1)]);
}

/** tfjs's order from [batch, channels, ...space]. */
export function fromChannelsFirst(y: Value, layout: Layout): Value {
  if (layout === 'channelsFirst') return y;
  return permute(y, [0, ...axes(2, y.rank), 1]);
}

/** [batch, ...space, channels] from tfjs's order. */
export function channelsLast(x: Value, layout: Layout): Value {
  if (layout === 'channelsLast') return x;
  return permute(x, [0, ...axes(2, x.rank), 1]);
}

/** [out, in, ...kernel] from tfjs's [...kernel, in, out]. */
export function filterFirst(filter: Value): Value {
  return permute(filter, [filter.rank - 1, filter.rank - 2, ...axes(0, filter.rank - 2)]);
}

/** Batch and channels swapped: what was summed over becomes what is indexed, and the other way round. */
export function swapBatch(x: Value): Value {
  return permute(x, [1, 0, ...axes(2, x.rank)]);
}

/** The value as a matrix whose rows run over the first `count` axes. */
export function rows(x: Value, count: number): Value {
  return reshape(x, [sizeOf(x.shape.slice(0, count)), sizeOf(x.shape.slice(count))]);
}

/** The integers from `start` up to, not including, `end`. */
export function axes(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i);
}
