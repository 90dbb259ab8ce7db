import { InputError } from '../errors.js';
import { isFloat32Array, kindOf, typedArrayKind } from '../typed-array.js';
import { sizeOf, type Tensor } from './tensor.js';

/**
 * Examples (images, latent vectors) as a caller may have them: one flat array of several rows, one array per row, or a
 * float32 tensor whose first dimension counts the rows.
 */
export type Examples = Float32Array | readonly ArrayLike<number>[] | Tensor;

/** `count` rows of equal size, flat. */
export interface Rows {
  readonly data: Float32Array;
  readonly count: number;
}

export interface RowsCheck {
  /** Name of the array in messages. */
  readonly name: string;
  /** Elements in each row. */
  readonly size: number;
  /** Values that make sense, both ends included. */
  readonly range?: readonly [number, number] | undefined;
}

/**
 * A copy of the numbers, so that the caller's array is free again when this returns. Throws InputError, one line that
 * names the array, when the shape is wrong, or a value is NaN, out of range or no number.
 */
export function toRows(examples: Examples, check: RowsCheck): Rows {
  const rows = copied(examples, check);
  const [low, high] = check.range ?? [-Number.MAX_VALUE, Number.MAX_VALUE];
  const { data } = rows;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (!(value >= low && value <= high)) {
      const where = `${check.name}: element ${i % check.size} of row ${Math.floor(i / check.size)} is ${value}`;
      const wanted = check.range ? `values must lie in [${low}, ${high}]` : 'values must be finite';
      throw new InputError(`${where}; ${wanted}`, { name: check.name, index: i, value });
    }
  }
  return rows;
}

function copied(examples: Examples, { name, size }: RowsCheck): Rows {
  if (isFloat32Array(examples)) {
    const { length } = examples;
    if (length === 0 || length % size !== 0) {
      throw new InputError(
        `${name}: an array of ${length} elements does not hold rows of ${size} (a row has ${size} elements)`,
        { name, length, size },
      );
    }
    return { data: new Float32Array(examples), count: length / size };
  }
  if (isTensor(examples)) {
    const { type, dims, data } = examples;
    const count = dims[0] ?? 0;
    const whole = isFloat32Array(data) && data.length === count * size && sizeOf(dims) === count * size;
    if (type !== 'float32' || count === 0 || !whole) {
      throw new InputError(`${name} must be float32 [rows, ${size}], not ${type} [${dims.join(', ')}]`, {
        name,
        dims,
        size,
      });
    }
    return { data: new Float32Array(data), count };
  }
  if (!Array.isArray(examples) || examples.length === 0) {
    const found = Array.isArray(examples)
      ? ''
      : `, as a Float32Array, an array of rows or a tensor; not ${kindOf(examples)}`;
    throw new InputError(`${name} must hold at least one row of ${size} numbers${found}`, { name, size });
  }
  const rows = examples as readonly unknown[];
  const data = new Float32Array(rows.length * size);
  for (const [index, row] of rows.entries()) copyRow(row, data.subarray(index * size, (index + 1) * size), name, index);
  return { data, count: rows.length };
}

function copyRow(row: unknown, into: Float32Array, name: string, index: number): void {
  const size = into.length;
  const { length } = (typeof row === 'object' && row !== null ? row : {}) as { readonly length?: unknown };
  if (length !== size) {
    const found = length === undefined ? kindOf(row) : `${length} elements`;
    throw new InputError(`${name}: row ${index} must have ${size} elements, not ${found}`, { name, index, size });
  }
  const values = row as ArrayLike<unknown>;
  for (let i = 0; i < size; i++) {
    const value = values[i];
    if (typeof value !== 'number') {
      const message = `${name}: element ${i} of row ${index} must be a number, not ${kindOf(value)}`;
      throw new InputError(message, { name, index, element: i });
    }
    into[i] = value;
  }
}

/** Whether a value has a tensor's dims and type and a typed array of any class. */
export function isTensor(value: unknown): value is Tensor {
  if (typeof value !== 'object' || value === null || typedArrayKind(value) !== undefined) return false;
  const { dims, type, data } = value as Partial<Tensor>;
  return Array.isArray(dims) && typeof type === 'string' && typedArrayKind(data) !== undefined;
}
