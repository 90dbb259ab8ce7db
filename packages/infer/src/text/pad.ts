import type { Tensor } from '../arrays/tensor.js';
import { InputError } from '../errors.js';

/** Rows of token ids as one int32 tensor [rows, length], filled up with `padding` on the right. */
export function padRows(
  rows: readonly ArrayLike<number>[],
  { padding = 0, length = longest(rows) }: { padding?: number; length?: number } = {},
): Tensor & { readonly data: Int32Array } {
  const data = new Int32Array(rows.length * length).fill(padding);
  for (const [index, row] of rows.entries()) {
    if (row.length > length) {
      throw new InputError(`row ${index} has ${row.length} tokens, more than ${length}`, { index, length });
    }
    data.set(row, index * length);
  }
  return { type: 'int32', dims: [rows.length, length], data };
}

function longest(rows: readonly ArrayLike<number>[]): number {
  return rows.reduce((length, row) => Math.max(length, row.length), 1);
}
