import { type ModelOf, Random, type Vectors } from '@onnx-forge/infer';
import { gather } from '../../../data/batches.js';
import type { Split } from '../../../data/data-set.js';
import type { Evaluate, Measurement } from '../../../measures/measure.js';
import { allPairs, balancedPairs, ofPairs, type PairDissimilarities } from '../../../measures/pairs.js';
import { equalErrorRate, falseRejectAt, rocCurve } from '../../../measures/roc.js';

/** Balanced pairs that the accuracy is measured on, of each sort. */
const BALANCED = 3000;

/** Images embedded in one call: what their fields take in memory is bounded. */
const IMAGES_PER_CALL = 200;

/** The embeddings of a split's images `x`, and who is on each (`label`). */
export async function embedSplit(
  model: ModelOf<'embedding'>,
  split: Split,
  onProgress: (fraction: number) => void = () => {},
): Promise<{ vectors: Vectors; labels: ArrayLike<number> }> {
  const { embeddingDim } = model.manifest.serve;
  const data = new Float32Array(split.size * embeddingDim);
  for (let from = 0; from < split.size; from += IMAGES_PER_CALL) {
    onProgress(from / split.size);
    const indices = Array.from({ length: Math.min(IMAGES_PER_CALL, split.size - from) }, (_, i) => from + i);
    data.set((await model.embed(gather(split, 'x', indices) as Float32Array)).data, from * embeddingDim);
  }
  const labels = gather(split, 'label', [...Array(split.size).keys()]);
  return { vectors: { data, dims: [split.size, embeddingDim] }, labels };
}

/**
 * Tells same from different identities by dissimilarity: over all pairs of a split (no image with itself) the area under
 * the ROC curve, the equal error rate and the false rejects at 5 % and 10 % false accepts; over balanced pairs, and over
 * all, the accuracy at the threshold that the validation split chose.
 */
export const verification: Evaluate<'embedding'> = async (model, { splits }, { split = 'test', seed, onProgress }) => {
  const { metric, threshold } = model.manifest.serve;
  const { vectors, labels } = await embedSplit(model, splits[split], (part) => onProgress?.('embeddings', part));
  const pairs = allPairs(vectors, labels, metric);
  const roc = rocCurve(pairs.same, pairs.different);
  const of = ({ same, different }: PairDissimilarities) => ({ split, examples: same.length + different.length });
  const rate = (name: string, value: number): Measurement => ({ name, value, unit: 'fraction', ...of(pairs) });
  const measured = [
    rate('auc', roc.auc),
    rate('equalErrorRate', equalErrorRate(roc)),
    rate('falseRejectAt5', falseRejectAt(roc, 0.05)),
    rate('falseRejectAt10', falseRejectAt(roc, 0.1)),
  ];
  if (threshold === undefined) return measured;
  const drawn = balancedPairs(labels, BALANCED, new Random(seed).fork('pairs'));
  const balanced = ofPairs(vectors, drawn, metric);
  const [falseAccept, falseReject] = errorsAt(threshold, pairs);
  const accuracy = 1 - errorsAt(threshold, balanced).reduce((sum, error) => sum + error / 2, 0);
  const examples = balanced.same.length + balanced.different.length;
  return [
    ...measured,
    rate('falseAccept', falseAccept),
    rate('falseReject', falseReject),
    {
      name: 'accuracy',
      value: accuracy,
      unit: 'fraction',
      split,
      examples,
      standardError: Math.sqrt((accuracy * (1 - accuracy)) / examples),
    },
  ];
};

function errorsAt(threshold: number, { same, different }: PairDissimilarities): [accept: number, reject: number] {
  const accepted = different.filter((value) => value <= threshold).length;
  const rejected = same.filter((value) => value > threshold).length;
  return [accepted / different.length, rejected / same.length];
}
