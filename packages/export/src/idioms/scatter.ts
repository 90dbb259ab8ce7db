import { cast, op } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { expand, unsqueeze } from './shapes.js';

/**
 * `data` [rows, width] with the rows `index` [n] replaced by `updates` [n, width], or increased by them ('add').
 *
 * Not ScatterND, though it takes whole rows and is faster: onnxruntime's CPU kernel adds from several threads without a
 * lock and loses updates of rows that occur twice (1.30; microsoft/onnxruntime#18048). ScatterElements goes in order.
 */
export function scatterRows(data: Value, index: Value, updates: Value, reduction: 'none' | 'add'): Value {
  const indices = expand(unsqueeze(index, [1]), updates.shape);
  const scatter = (d: Value, u: Value): Value =>
    op('ScatterElements', [d, indices, u], d.dtype, d.shape, { axis: 0, reduction });
  if (data.dtype !== 'bool' || reduction === 'none') return scatter(data, updates);
  return cast(scatter(cast(data, 'int32'), cast(updates, 'int32')), 'bool');
}
