import { dissimilarity, type Float32Tensor, InputError, type Metric, type Random } from '@onnx-forge/infer';

/** Dissimilarities of pairs, by whether the two have the same label. */
export interface PairDissimilarities {
  readonly same: Float64Array;
  readonly different: Float64Array;
}

/** Two examples by their indices, the first smaller. */
export type Pair = readonly [number, number];

/** All pairs of two examples; none is paired with itself, and a pair counts once. */
export function allPairs(
  vectors: Pick<Float32Tensor, 'data' | 'dims'>,
  labels: ArrayLike<number>,
  metric: Metric,
): PairDissimilarities {
  const count = vectors.dims[0]!;
  const same: number[] = [];
  const different: number[] = [];
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) {
      (labels[i] === labels[j] ? same : different).push(between(vectors, [i, j], metric));
    }
  }
  return { same: Float64Array.from(same), different: Float64Array.from(different) };
}

/** Dissimilarities of the given pairs. */
export function ofPairs(
  vectors: Pick<Float32Tensor, 'data' | 'dims'>,
  { same, different }: BalancedPairs,
  metric: Metric,
): PairDissimilarities {
  const measure = (pairs: readonly Pair[]) => Float64Array.from(pairs, (pair) => between(vectors, pair, metric));
  return { same: measure(same), different: measure(different) };
}

/** As many pairs of one sort as of the other. */
export interface BalancedPairs {
  readonly same: readonly Pair[];
  readonly different: readonly Pair[];
}

/** Drawing stops when so many draws for each pair wanted were not enough: then there are few others. */
const PATIENCE = 100;

/**
 * Draws pairs of examples without repetition, as many of equal label as of different ones, every identity as likely as
 * every other however many images it has. Where there are fewer than wanted of a sort, there are fewer in the result.
 *
 * @param count of each sort
 * @throws InputError where there is no same or no different pair
 */
export function balancedPairs(labels: ArrayLike<number>, count: number, random: Random): BalancedPairs {
  const members = new Map<number, number[]>();
  for (let index = 0; index < labels.length; index++) {
    const group = members.get(labels[index]!);
    if (group) group.push(index);
    else members.set(labels[index]!, [index]);
  }
  const groups = [...members.values()];
  const several = groups.filter((group) => group.length > 1);
  if (several.length === 0 || groups.length < 2) {
    throw new InputError('pairs of both sorts need two identities, one of them with two images');
  }
  const one = <T>(of: readonly T[]): T => of[random.integer(of.length)]!;
  const same = distinctPairs(count, () => {
    const group = one(several);
    return [one(group), one(group)];
  });
  const different = distinctPairs(same.length, () => {
    const [a, b] = [one(groups), one(groups)];
    return a === b ? [0, 0] : [one(a), one(b)];
  });
  return { same: same.slice(0, different.length), different };
}

/** Up to `count` different pairs of two different examples. */
function distinctPairs(count: number, draw: () => Pair): readonly Pair[] {
  const found = new Map<string, Pair>();
  for (let attempt = 0; found.size < count && attempt < PATIENCE * count; attempt++) {
    const [a, b] = draw();
    if (a !== b) found.set(`${Math.min(a, b)} ${Math.max(a, b)}`, [Math.min(a, b), Math.max(a, b)]);
  }
  return [...found.values()];
}

function between({ data, dims }: Pick<Float32Tensor, 'data' | 'dims'>, [a, b]: Pair, metric: Metric): number {
  const size = dims[1]!;
  return dissimilarity(data.subarray(a * size, (a + 1) * size), data.subarray(b * size, (b + 1) * size), metric);
}
