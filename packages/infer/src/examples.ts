import { InputError } from './errors.js';
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
  /** What messages call the array. */
  readonly name: string;
  /** Elements in each row. */
  readonly size: number;
  /** Values that make sense, both ends included. */
  readonly range?: readonly [number, number] | undefined;
}

/** Throws InputError, one line that names the array, when the shape is wrong or a value is NaN or out of range. */
export function toRows(examples: Examples, check: RowsCheck): Rows {
  const rows = flatten(examples, check);
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

function flatten(examples: Examples, { name, size }: RowsCheck): Rows {
  if (examples instanceof Float32Array) {
    if (examples.length === 0 || examples.length % size !== 0) {
      throw new InputError(
        `${name}: an array of ${examples.length} elements does not hold rows of ${size} (a row has ${size} elements)`,
        { name, length: examples.length, size },
      );
    }
    return { data: examples, count: examples.length / size };
  }
  if (isTensor(examples)) {
    const { type, dims, data } = examples;
    const count = dims[0] ?? 0;
    if (type !== 'float32' || count === 0 || sizeOf(dims) !== count * size || data.length !== count * size) {
      throw new InputError(`${name} must be float32 [rows, ${size}], not ${type} [${dims.join(', ')}]`, {
        name,
        dims,
        size,
      });
    }
    return { data: data as Float32Array, count };
  }
  if (!Array.isArray(examples) || examples.length === 0) {
    throw new InputError(`${name} must hold at least one row of ${size} numbers`, { name, size });
  }
  const rows = examples as readonly ArrayLike<number>[];
  const data = new Float32Array(rows.length * size);
  rows.forEach((row, index) => {
    if (row?.length !== size) {
      const found = row?.length === undefined ? `a ${typeof row}` : `${row.length} elements`;
      throw new InputError(`${name}: row ${index} must have ${size} elements, not ${found}`, { name, index, size });
    }
    data.set(row, index * size);
  });
  return { data, count: rows.length };
}

function isTensor(examples: Examples): examples is Tensor {
  return 'dims' in examples && 'type' in examples;
}

/** A count that a caller gave, or the default. Throws InputError unless it is a whole number of at least 1. */
export function positiveInteger(name: string, value: number | undefined, otherwise: number): number {
  const result = value ?? otherwise;
  if (!Number.isSafeInteger(result) || result < 1) {
    throw new InputError(`${name} must be a whole number of at least 1, not ${result}`, { name, value: result });
  }
  return result;
}
