import { InputError } from '@onnx-forge/infer';

/**
 * How well dissimilarities tell same from different, at every threshold that matters: a pair is accepted as the same when
 * its dissimilarity is at most the threshold.
 */
export interface Roc {
  /** Every dissimilarity that occurs, ascending. */
  readonly thresholds: Float64Array;
  /** The fraction of the different pairs that is accepted at each threshold. */
  readonly falseAccept: Float64Array;
  /** The fraction of the same pairs that is rejected. */
  readonly falseReject: Float64Array;
  /** The probability that a different pair is more dissimilar than a same one, ties half. */
  readonly auc: number;
}

/**
 * @param same dissimilarities of pairs that show the same
 * @param different dissimilarities of pairs that do not
 * @throws InputError where one sort has no pair, or a dissimilarity is no number
 */
export function rocCurve(same: ArrayLike<number>, different: ArrayLike<number>): Roc {
  const [accepted, refused] = [sorted('same', same), sorted('different', different)];
  const thresholds = new Float64Array(accepted.length + refused.length);
  const falseAccept = new Float64Array(thresholds.length);
  const falseReject = new Float64Array(thresholds.length);
  let [count, a, r, auc, lastFalseAccept, lastFalseReject] = [0, 0, 0, 0, 0, 1];
  while (a < accepted.length || r < refused.length) {
    const threshold = Math.min(accepted[a] ?? Infinity, refused[r] ?? Infinity);
    while (accepted[a] === threshold) a++;
    while (refused[r] === threshold) r++;
    thresholds[count] = threshold;
    falseAccept[count] = r / refused.length;
    falseReject[count] = 1 - a / accepted.length;
    // Trapezoids under true accepts over false accepts: the slanted ones are the ties.
    auc += (falseAccept[count]! - lastFalseAccept) * (1 - (falseReject[count]! + lastFalseReject) / 2);
    [lastFalseAccept, lastFalseReject] = [falseAccept[count]!, falseReject[count]!];
    count++;
  }
  const cut = (values: Float64Array) => values.slice(0, count);
  return { thresholds: cut(thresholds), falseAccept: cut(falseAccept), falseReject: cut(falseReject), auc };
}

/** The rate at which as many different pairs are accepted as same ones rejected; linear between two thresholds. */
export function equalErrorRate({ falseAccept, falseReject }: Roc): number {
  let [accept, reject] = [0, 1];
  for (let i = 0; i < falseAccept.length; i++) {
    const [nextAccept, nextReject] = [falseAccept[i]!, falseReject[i]!];
    if (nextAccept >= nextReject) {
      const before = reject - accept;
      const fraction = before / (before + nextAccept - nextReject);
      return accept + fraction * (nextAccept - accept);
    }
    [accept, reject] = [nextAccept, nextReject];
  }
  return reject;
}

/** The least fraction of the same pairs that is rejected when at most the fraction `rate` of the different ones is accepted. */
export function falseRejectAt({ falseAccept, falseReject }: Roc, rate: number): number {
  let least = 1;
  for (let i = 0; i < falseAccept.length && falseAccept[i]! <= rate; i++) least = falseReject[i]!;
  return least;
}

/**
 * The threshold at which the mean of the two errors is least: midway to the next dissimilarity that occurs. Of several
 * equally good ones, the one in the middle.
 */
export function bestThreshold({ thresholds, falseAccept, falseReject }: Roc): number {
  const errors = thresholds.map((_, i) => falseAccept[i]! + falseReject[i]!);
  const least = errors.reduce((low, value) => Math.min(low, value), Infinity);
  // Rates are ratios of counts: equal errors may differ in the last bit.
  const best = Array.from(errors.keys()).filter((i) => errors[i]! <= least + 1e-12);
  const chosen = best[Math.floor(best.length / 2)]!;
  return (thresholds[chosen]! + (thresholds[chosen + 1] ?? thresholds[chosen]!)) / 2;
}

function sorted(name: string, values: ArrayLike<number>): Float64Array {
  if (values.length === 0) throw new InputError(`a ROC curve needs pairs of both sorts; there is no ${name} pair`);
  const result = Float64Array.from(values).sort();
  if (!result.every(Number.isFinite)) throw new InputError(`a dissimilarity of a ${name} pair is not a finite number`);
  return result;
}
