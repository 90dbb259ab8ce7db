/**
 * The largest importance weights of one example, and the shape k of the generalised Pareto distribution that fits them:
 * "k-hat" of Vehtari, Simpson, Gelman, Yao, Gabry 2024, as R's loo and Python's ArviZ compute it. The mean of the weights
 * has a finite variance only for k < 1/2, and its error bars can be believed up to {@link paretoKThreshold}.
 *
 * Weights are taken as they come in; only the tail is kept, ceil(min(S / 5, 3 sqrt(S))) of S weights and the one below.
 */
export class ParetoTail {
  /** A heap with the smallest on top. */
  readonly #largest: Float64Array;
  #count = 0;
  #nan = false;

  /** @param samples S, how many weights there will be */
  constructor(samples: number) {
    this.#largest = new Float64Array(Math.ceil(Math.min(samples / 5, 3 * Math.sqrt(samples))) + 1);
  }

  /** @param logWeight in nats; NaN makes the result NaN */
  add(logWeight: number): void {
    const heap = this.#largest;
    if (this.#count < heap.length) {
      let at = this.#count++;
      for (; at > 0 && heap[(at - 1) >> 1]! > logWeight; at = (at - 1) >> 1) heap[at] = heap[(at - 1) >> 1]!;
      heap[at] = logWeight;
    } else if (logWeight > heap[0]!) {
      let at = 0;
      for (let child = 1; child < heap.length; child = 2 * at + 1) {
        if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
        if (heap[child]! >= logWeight) break;
        heap[at] = heap[child]!;
        at = child;
      }
      heap[at] = logWeight;
    }
    if (Number.isNaN(logWeight)) this.#nan = true;
  }

  /**
   * k. Infinity when no tail can be fitted, as in loo: with four weights or fewer in the tail (S up to 20), or when the
   * largest weights are equal.
   */
  get k(): number {
    if (this.#nan) return Number.NaN;
    const sorted = this.#largest.slice(0, this.#count).sort();
    const top = sorted.at(-1) ?? Number.NEGATIVE_INFINITY;
    // What has underflowed beside the largest weight is no part of the tail.
    const cutoff = Math.max(sorted[0]! - top, Math.log(SMALLEST_NORMAL));
    const excesses: number[] = [];
    for (const logWeight of sorted) {
      if (logWeight - top > cutoff) excesses.push(Math.exp(logWeight - top) - Math.exp(cutoff));
    }
    return excesses.length <= 4 ? Number.POSITIVE_INFINITY : generalisedParetoShape(excesses);
  }
}

const SMALLEST_NORMAL = 2 ** -1022;

/** k-hat of log-weights that are all there: see `ParetoTail`. */
export function paretoK(logWeights: ArrayLike<number>): number {
  const tail = new ParetoTail(logWeights.length);
  for (let i = 0; i < logWeights.length; i++) tail.add(logWeights[i]!);
  return tail.k;
}

/** min(1 - 1 / log10 S, 0.7): above it S weights are too few for their mean to be relied on (Vehtari et al. 2024, section 3.2.4). */
export function paretoKThreshold(samples: number): number {
  return Math.min(1 - 1 / Math.log10(samples), 0.7);
}

/**
 * Shape of the generalised Pareto distribution, by the quasi-posterior mean of Zhang and Stephens 2009 ("A new and efficient
 * estimation method for the generalized Pareto distribution"), then drawn towards 1/2 as by ten more observations, as loo
 * does for short tails.
 *
 * @param excesses over the threshold, ascending, the largest above 0
 */
export function generalisedParetoShape(excesses: readonly number[]): number {
  const n = excesses.length;
  const quartile = excesses[Math.floor(n / 4 + 0.5) - 1]!;
  const largest = excesses[n - 1]!;
  const shapeOf = (b: number) => excesses.reduce((sum, excess) => sum + Math.log1p(-b * excess), 0) / n;
  const points = 30 + Math.floor(Math.sqrt(n));
  const grid = Array.from({ length: points }, (_, i) => {
    const b = (1 - Math.sqrt(points / (i + 0.5))) / (3 * quartile) + 1 / largest;
    const k = shapeOf(b);
    return { b, logLikelihood: n * (Math.log(-b / k) - k - 1) };
  });
  const weights = grid.map(({ logLikelihood }) => {
    return 1 / grid.reduce((sum, other) => sum + Math.exp(other.logLikelihood - logLikelihood), 0);
  });
  const counted = weights.map((weight) => (weight >= 10 * Number.EPSILON ? weight : 0));
  const total = counted.reduce((sum, weight) => sum + weight, 0);
  const b = grid.reduce((sum, point, i) => sum + point.b * (counted[i]! / total), 0);
  return (n * shapeOf(b) + PRIOR_OBSERVATIONS * 0.5) / (n + PRIOR_OBSERVATIONS);
}

const PRIOR_OBSERVATIONS = 10;
