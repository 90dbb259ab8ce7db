import type { BatchArrays, BatchSpec } from '../arrays/batch.js';
import { isTensor, toRows } from '../arrays/examples.js';
import { describe, sizeOf, type Tensor } from '../arrays/tensor.js';
import { InputError } from '../errors.js';
import { kindOf, typedArrayKind } from '../typed-array.js';

/** An array of a batch: flat, one array per example, or a tensor. */
export type BatchValues = Tensor['data'] | Tensor | readonly ArrayLike<number>[];

/** The arrays as a step's graph wants them. Throws InputError, one line that names the array. */
export function checkBatch(
  step: string,
  wanted: Readonly<Record<string, BatchSpec>>,
  batch: Readonly<Record<string, BatchValues>>,
): BatchArrays {
  const arrays = Object.entries(wanted).map(([name, entry]) => {
    const values = batch[name];
    if (values !== undefined) return [name, checkArray(name, entry, values)] as const;
    throw new InputError(`step ${step} needs '${name}' in its batch: ${describe(entry.dtype, entry.shape)}`, { name });
  });
  return Object.fromEntries(arrays);
}

function checkArray(name: string, { dtype, shape }: BatchSpec, values: BatchValues): Tensor['data'] {
  const [batch = 1, ...example] = shape;
  const size = sizeOf(example);
  if (dtype === 'float32') {
    const { data, count } = toRows(values as Float32Array, { name, size });
    if (count !== batch) throw wrongBatch(name, count, batch);
    return data;
  }
  const given: unknown = isTensor(values) ? values.data : values;
  const rows = Array.isArray(given) && typeof given[0] === 'object' ? (given as readonly ArrayLike<number>[]) : [given];
  const whole = rows.flatMap((row) => numbersOf(name, row));
  if (whole.length % size !== 0 || whole.length === 0) {
    throw new InputError(`${name} must be ${describe(dtype, shape)}, not ${whole.length} numbers`, { name, shape });
  }
  if (whole.length !== batch * size) throw wrongBatch(name, whole.length / size, batch);
  const odd = whole.find((value) => !Number.isInteger(value));
  if (odd !== undefined) throw new InputError(`${name} must hold whole numbers, not ${odd}`, { name, odd });
  return Int32Array.from(whole);
}

function wrongBatch(name: string, count: number, batch: number): InputError {
  return new InputError(
    `${name} has ${count} examples, but this step was compiled for batches of exactly ${batch} (its run's batch size)`,
    { name, count, batch },
  );
}

/** A copy. @throws InputError when it is no array of numbers */
function numbersOf(name: string, values: unknown): number[] {
  const isArray = Array.isArray(values) || typedArrayKind(values) !== undefined;
  const numbers = isArray ? Array.from(values as ArrayLike<number | bigint | boolean>) : [];
  const wrong = numbers.find((value) => !['number', 'bigint', 'boolean'].includes(typeof value));
  if (!isArray || wrong !== undefined) {
    throw new InputError(`${name} must hold numbers, not ${kindOf(isArray ? wrong : values)}`, { name });
  }
  return numbers.map(Number);
}
