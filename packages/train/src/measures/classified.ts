import type { Float32Tensor } from '@onnx-forge/infer';

/** Fraction of the labels found that are the true ones; NaN of none. NaN is never right. */
export function fractionRight(found: ArrayLike<number>, truth: ArrayLike<number>): number {
  let right = 0;
  for (let i = 0; i < found.length; i++) if (found[i] === truth[i]) right++;
  return right / found.length;
}

/**
 * {@link fractionRight} of the examples of each class: the least of all classes that have examples; NaN where none has.
 *
 * @param classes how many there are; labels are 0 .. classes - 1
 */
export function worstFractionRight(found: ArrayLike<number>, truth: ArrayLike<number>, classes: number): number {
  const [right, seen] = [new Array<number>(classes).fill(0), new Array<number>(classes).fill(0)];
  for (let i = 0; i < found.length; i++) {
    seen[truth[i]!]!++;
    if (found[i] === truth[i]) right[truth[i]!]!++;
  }
  const fractions = right.map((count, label) => count / seen[label]!).filter((value) => !Number.isNaN(value));
  return fractions.length > 0 ? Math.min(...fractions) : Number.NaN;
}

/**
 * Mean of -log p(true class) over examples, in nats, in float64; NaN of none. A probability of 0 counts as the smallest
 * float64 (744.4 nats), so that one underflow leaves a number.
 *
 * @param probabilities [n, classes]
 * @param truth [n]
 */
export function meanCrossEntropy({ data, dims }: Float32Tensor, truth: ArrayLike<number>): number {
  const [count, classes] = dims as [number, number];
  let sum = 0;
  for (let row = 0; row < count; row++) {
    const label = truth[row]!;
    sum += label >= 0 && label < classes ? negativeLog(data[row * classes + label]!) : Number.NaN;
  }
  return sum / count;
}

/** -log of the smallest float64 above 0. Written out: a thread that flushes denormals takes that number for 0. */
const UNDERFLOW = 744.4400719213812;

function negativeLog(probability: number): number {
  return probability === 0 ? UNDERFLOW : -Math.log(probability);
}
