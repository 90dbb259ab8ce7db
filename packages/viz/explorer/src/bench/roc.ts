/** How well a threshold on dissimilarities tells pairs that show the same from others. */
export interface Roc {
  /** Sorted: a pair is taken for the same when it is at most this far apart. */
  readonly thresholds: Float64Array;
  /** At each: the fraction of different pairs that are taken for the same, and of same ones. */
  readonly falseAccepts: Float64Array;
  readonly trueAccepts: Float64Array;
  /** Area under the curve: the chance that a same pair is closer than a different one; ties count one half. */
  readonly auc: number;
  readonly same: number;
  readonly different: number;
}

export interface Pair {
  readonly distance: number;
  readonly same: boolean;
}

/** Undefined unless there are pairs of both sorts. */
export function rocOf(pairs: readonly Pair[]): Roc | undefined {
  const same = pairs.filter((pair) => pair.same).length;
  const different = pairs.length - same;
  if (same === 0 || different === 0) return undefined;
  const sorted = [...pairs].sort((one, other) => one.distance - other.distance);
  const [thresholds, falseAccepts, trueAccepts]: number[][] = [[], [], []];
  let [accepted, wrong, area] = [0, 0, 0];
  for (let from = 0; from < sorted.length; ) {
    let to = from;
    let hits = 0;
    while (to < sorted.length && sorted[to]!.distance === sorted[from]!.distance) hits += Number(sorted[to++]!.same);
    const misses = to - from - hits;
    area += misses * (accepted + hits / 2);
    accepted += hits;
    wrong += misses;
    thresholds!.push(sorted[from]!.distance);
    trueAccepts!.push(accepted / same);
    falseAccepts!.push(wrong / different);
    from = to;
  }
  return {
    thresholds: Float64Array.from(thresholds!),
    falseAccepts: Float64Array.from(falseAccepts!),
    trueAccepts: Float64Array.from(trueAccepts!),
    auc: area / (same * different),
    ...{ same, different },
  };
}

/** Both fractions at a threshold. */
export function ratesAt(
  { thresholds, falseAccepts, trueAccepts }: Roc,
  threshold: number,
): { readonly falseAccept: number; readonly trueAccept: number } {
  let last = -1;
  while (last + 1 < thresholds.length && thresholds[last + 1]! <= threshold) last++;
  return { falseAccept: falseAccepts[last] ?? 0, trueAccept: trueAccepts[last] ?? 0 };
}

/** Where as many different pairs are accepted as same ones are refused, and that fraction. */
export function equalError({ thresholds, falseAccepts, trueAccepts }: Roc): {
  readonly threshold: number;
  readonly rate: number;
} {
  let best = 0;
  const gap = (i: number): number => Math.abs(falseAccepts[i]! - (1 - trueAccepts[i]!));
  for (let i = 1; i < thresholds.length; i++) if (gap(i) < gap(best)) best = i;
  return { threshold: thresholds[best]!, rate: (falseAccepts[best]! + 1 - trueAccepts[best]!) / 2 };
}
