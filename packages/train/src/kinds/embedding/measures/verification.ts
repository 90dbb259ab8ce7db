import { type Float32Tensor, float32, type ModelOf, Random } from '@onnx-forge/infer';
import { type Batch, gather } from '../../../data/batches.js';
import type { Split, SplitName } from '../../../data/data-set.js';
import { everyIndex } from '../../../data/views.js';
import type { Measure, Measurement } from '../../../measures/measure.js';
import { measuredFraction } from '../../../measures/measured-fraction.js';
import { allPairs, balancedPairs, ofPairs, type PairDissimilarities } from '../../../measures/pairs.js';
import { equalErrorRate, falseRejectAt, type Roc, rocCurve } from '../../../measures/roc.js';

/** Balanced pairs that the accuracy is measured on, of each sort. */
const BALANCED = 3000;

/** Images embedded in one call: what their fields take in memory is bounded. */
const IMAGES_PER_CALL = 200;

/** Fields of a split: its images, and who or what is on each. */
export interface IdentityFields {
  readonly images: string;
  readonly labels: string;
}

/** The embeddings of a split's images, and who is on each; by default the fields `x` and `label`. */
export async function embedSplit(
  model: ModelOf<'embedding'>,
  split: Split,
  onProgress: (fraction: number) => void = () => {},
  { images, labels }: IdentityFields = { images: 'x', labels: 'label' },
): Promise<{ vectors: Pick<Float32Tensor, 'data' | 'dims'>; labels: ArrayLike<number> }> {
  const { embeddingDim } = model.manifest.serve;
  const data = new Float32Array(split.size * embeddingDim);
  for (let from = 0; from < split.size; from += IMAGES_PER_CALL) {
    onProgress(from / split.size);
    const indices = Array.from({ length: Math.min(IMAGES_PER_CALL, split.size - from) }, (_, i) => from + i);
    data.set((await model.embed(gather(split, images, indices) as Float32Array)).data, from * embeddingDim);
  }
  const vectors = { data, dims: [split.size, embeddingDim] };
  return { vectors, labels: gather(split, labels, everyIndex(split)) };
}

/**
 * The same of some batches. Their images may lie outside the range of the model's, as changed ones do in training.
 *
 * @param identity the field that tells who or what is on an image; images are the field `x`
 */
export async function embedBatches(
  model: ModelOf<'embedding'>,
  batches: Iterable<Batch>,
  identity: string,
): Promise<{ vectors: Pick<Float32Tensor, 'data' | 'dims'>; labels: readonly number[] }> {
  const { embeddingDim } = model.manifest.serve;
  const parts: Float32Array[] = [];
  const labels: number[] = [];
  for (const { size, fields } of batches) {
    const x = fields.x as Float32Array;
    const { embedding } = await model.run('embed', { x: float32(x, [size, x.length / size]) });
    parts.push(embedding!.data as Float32Array);
    labels.push(...(fields[identity] as Int32Array));
  }
  const data = new Float32Array(labels.length * embeddingDim);
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return { vectors: { data, dims: [labels.length, embeddingDim] }, labels };
}

/** Dissimilarities of all pairs of a split's images `x`, by whether the field `identity` has the same value. */
export async function pairsOf(
  model: ModelOf<'embedding'>,
  split: Split,
  identity: string,
): Promise<PairDissimilarities> {
  const { vectors, labels } = await embedSplit(model, split, undefined, { images: 'x', labels: identity });
  return allPairs(vectors, labels, model.manifest.serve.metric);
}

/** Area under the ROC curve and equal error rate over all pairs. @param identity see {@link pairsOf} */
export function embeddingValidation(identity: string): Measure<'embedding'> {
  return async (model, { splits }, { split }) => {
    const pairs = await pairsOf(model, splits[split], identity);
    return rates(rocCurve(pairs.same, pairs.different), pairs, split);
  };
}

function rates(roc: Roc, { same, different }: PairDissimilarities, split: SplitName): Measurement[] {
  const about = { unit: 'fraction', split, examples: same.length + different.length };
  return [
    { name: 'auc', value: roc.auc, ...about },
    { name: 'equalErrorRate', value: equalErrorRate(roc), ...about },
  ];
}

/**
 * Tells same from different identities by dissimilarity: over all pairs of a split (no image with itself) the area under
 * the ROC curve, the equal error rate and the false rejects at 5 % and 10 % false accepts; over balanced pairs, and over
 * all, the accuracy at the threshold that the validation split chose.
 */
export const verification: Measure<'embedding'> = async (model, { splits }, { split, seed, onProgress }) => {
  const { metric, threshold } = model.manifest.serve;
  const { vectors, labels } = await embedSplit(model, splits[split], (part) => onProgress?.('embeddings', part));
  const pairs = allPairs(vectors, labels, metric);
  const roc = rocCurve(pairs.same, pairs.different);
  const of = ({ same, different }: PairDissimilarities) => ({ split, examples: same.length + different.length });
  const rate = (name: string, value: number): Measurement => ({ name, value, unit: 'fraction', ...of(pairs) });
  const measured = [
    ...rates(roc, pairs, split),
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
    measuredFraction('accuracy', accuracy, { split, examples }),
  ];
};

function errorsAt(threshold: number, { same, different }: PairDissimilarities): [accept: number, reject: number] {
  const accepted = different.filter((value) => value <= threshold).length;
  const rejected = same.filter((value) => value > threshold).length;
  return [accepted / different.length, rejected / same.length];
}
