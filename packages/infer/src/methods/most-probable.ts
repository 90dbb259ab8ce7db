import type { Float32Tensor } from './rows.js';

/** The most probable class of each row of probabilities. */
export interface MostProbable {
  /** The most probable class of each row, [n]; of equally probable ones the first. */
  readonly labels: Int32Array;
  /** The probability of that class, [n]. */
  readonly confidences: Float32Array;
}

/** The first largest of each row's numbers. @param probabilities [n, classes], without NaN */
export function mostProbable({ data, dims }: Float32Tensor): MostProbable {
  const [count, classes] = dims as [number, number];
  const labels = Int32Array.from({ length: count }, (_, row) => {
    return firstLargest(data.subarray(row * classes, (row + 1) * classes));
  });
  return { labels, confidences: Float32Array.from(labels, (label, row) => data[row * classes + label]!) };
}

/** Place of the largest number; of equals the first. NaN is never the largest; -1 when there is nothing else. */
export function firstLargest(values: ArrayLike<number>): number {
  let at = -1;
  for (let i = 0; i < values.length; i++) {
    if (at < 0 ? !Number.isNaN(values[i]!) : values[i]! > values[at]!) at = i;
  }
  return at;
}
