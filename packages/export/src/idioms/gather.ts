import { cast, op } from '../graph/build.js';
import type { Value } from '../graph/value.js';

/** Entries `indices` along an axis. */
export function gather(x: Value, indices: Value, axis: number): Value {
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  return op('Gather', [x, indices], x.dtype, shape, { axis });
}

/** GatherND: `indices` [..., k] point into the k axes after the `batchDims` leading ones. */
export function gatherNd(x: Value, indices: Value, batchDims = 0): Value {
  const depth = indices.shape[indices.rank - 1]!;
  const shape = [...indices.shape.slice(0, -1), ...x.shape.slice(batchDims + depth)];
  return op('GatherND', [x, cast(indices, 'int64')], x.dtype, shape, { batch_dims: batchDims });
}
