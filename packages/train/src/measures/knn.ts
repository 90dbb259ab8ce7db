import { exportOnnx, type tf } from '@onnx-forge/export';
import { float32, InputError, openSession } from '@onnx-forge/infer';
import { knnClassify } from '../objectives/self-supervision.js';
import { fractionRight } from './classified.js';

/** Vectors of examples whose classes are known. */
export interface LabelledVectors {
  /** [rows, dimensions] */
  readonly vectors: Float32Array;
  /** [rows], classes from 0 */
  readonly labels: ArrayLike<number>;
}

export interface NeighbourVote {
  /** How many neighbours vote. */
  readonly k: number;
  /** A neighbour's vote weighs exp(cosine / temperature). */
  readonly temperature: number;
}

/** Numbers in a block of similarities: 16 MB. */
const BLOCK = 4e6;

/**
 * Part of the queries whose class is the one that their k nearest vectors of the bank vote for (see {@link knnLabels}).
 * The similarities are matrix products of blocks of queries with the whole bank, computed by onnxruntime on the CPU.
 *
 * @throws InputError when k is larger than the bank
 */
export async function knnAccuracy(
  queries: LabelledVectors,
  bank: LabelledVectors,
  vote: NeighbourVote,
): Promise<number> {
  const found = await knnLabels(queries.vectors, bank, vote);
  return fractionRight(found, queries.labels);
}

/** The class that the neighbours of each query [rows, dimensions] vote for, [rows]. See {@link knnAccuracy}. */
export async function knnLabels(
  queries: Float32Array,
  { vectors, labels }: LabelledVectors,
  { k, temperature }: NeighbourVote,
): Promise<Int32Array> {
  const size = labels.length;
  if (k > size) {
    throw new InputError(`kNN can't ask ${k} neighbours: its bank has ${size} examples; take a smaller k`, { k, size });
  }
  const dimensions = vectors.length / size;
  const rows = queries.length / dimensions;
  const classes = 1 + Math.max(...new Set(Array.from(labels)));
  // The bank's size stays fixed: the graph takes its k largest.
  const { bytes } = exportOnnx(
    ({ features, bank, labels }) => {
      const vote = knnClassify(features as tf.Tensor2D, bank as tf.Tensor2D, labels as tf.Tensor1D, {
        k,
        temperature,
        classes,
      });
      return { label: vote };
    },
    {
      inputs: {
        features: { shape: ['batch', dimensions] },
        bank: { shape: [size, dimensions] },
        labels: { shape: [size], dtype: 'int32' },
      },
    },
  );
  const bank = float32(unitRows(vectors, dimensions), [size, dimensions]);
  const known = { type: 'int32', data: Int32Array.from(labels), dims: [size] } as const;
  const units = unitRows(queries, dimensions);
  const found = new Int32Array(rows);
  await using session = await openSession(bytes, { device: 'cpu', name: 'nearest neighbours' });
  const perCall = Math.max(1, Math.floor(BLOCK / size));
  for (let from = 0; from < rows; from += perCall) {
    const to = Math.min(rows, from + perCall);
    const features = float32(units.subarray(from * dimensions, to * dimensions), [to - from, dimensions]);
    const { label } = await session.run({ features, bank, labels: known });
    found.set(label!.data as Int32Array, from);
  }
  return found;
}

/** Every row [dimensions] divided by its length (at least 1e-8), in a new array. */
function unitRows(vectors: Float32Array, dimensions: number): Float32Array {
  const units = new Float32Array(vectors.length);
  for (let from = 0; from < vectors.length; from += dimensions) {
    let squared = 0;
    for (let i = from; i < from + dimensions; i++) squared += vectors[i]! * vectors[i]!;
    const scale = 1 / Math.max(Math.sqrt(squared), 1e-8);
    for (let i = from; i < from + dimensions; i++) units[i] = vectors[i]! * scale;
  }
  return units;
}
