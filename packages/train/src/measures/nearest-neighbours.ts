import { InputError } from '@onnx-forge/infer';
import type { LabelledVectors } from './knn.js';

/**
 * The class that most of the k nearest vectors of the bank have, by Euclidean distance; where classes tie, that of the
 * nearest among them. For spaces of few dimensions whose distances mean something, such as a latent space with a N(0, I)
 * prior; {@link knnLabels} compares directions.
 *
 * @param queries [rows, dimensions]
 * @returns [rows]
 * @throws InputError when k is larger than the bank
 */
export function nearestLabels(queries: Float32Array, bank: LabelledVectors, k: number): Int32Array {
  const size = bank.labels.length;
  if (k > size) throw new InputError(`kNN can't ask ${k} neighbours: its bank has ${size} examples`, { k, size });
  const dimensions = bank.vectors.length / size;
  return Int32Array.from({ length: queries.length / dimensions }, (_, row) =>
    vote(nearest(queries.subarray(row * dimensions, (row + 1) * dimensions), bank, k)),
  );
}

/** The labels of the k nearest vectors, the nearest first. */
function nearest(query: Float32Array, { vectors, labels }: LabelledVectors, k: number): number[] {
  const dimensions = query.length;
  const distances = new Float64Array(k).fill(Number.POSITIVE_INFINITY); // ascending
  const found = new Array<number>(k).fill(-1);
  for (let i = 0; i < labels.length; i++) {
    let distance = 0;
    for (let d = 0; d < dimensions; d++) distance += (query[d]! - vectors[i * dimensions + d]!) ** 2;
    if (distance >= distances[k - 1]!) continue;
    let at = k - 1;
    for (; at > 0 && distances[at - 1]! > distance; at--) {
      distances[at] = distances[at - 1]!;
      found[at] = found[at - 1]!;
    }
    distances[at] = distance;
    found[at] = labels[i]!;
  }
  return found;
}

/** The commonest label; of several, the one that comes first. */
function vote(labels: readonly number[]): number {
  const votes = new Map<number, number>();
  for (const label of labels) votes.set(label, (votes.get(label) ?? 0) + 1);
  const most = Math.max(...votes.values());
  return labels.find((label) => votes.get(label) === most)!;
}
