/** At which sizes of its free dimensions a function is traced. */

/** One size for each free dimension. */
export type Sizes = readonly number[];

/** Primes that no architecture uses, so that no size matches by accident: the first trace, and one dimension changed. */
const FIRST = [11, 19, 31, 43];
const CHANGED = [13, 23, 37, 47];
/** In place of these where a network makes a size of 1 of them: it halves its images five or seven times, say. */
const LARGER = [
  [67, 79, 89, 101],
  [257, 269, 281, 293],
];
const LARGER_CHANGED = [
  [71, 83, 97, 103],
  [263, 271, 283, 307],
];
/** Much larger, for one dimension at a time. */
const PROBE = 521;

/** As many dimensions as there are first sizes for. */
export const MOST_FREE_DIMENSIONS: number = FIRST.length;

/** Every rest of a size divided by 2, 3, 4, 6 or 12 occurs. */
const PERIOD = 12;

/** Where the traces of a function begin. */
export interface FirstSizes {
  readonly sizes: Sizes;
  /** Others, for one dimension changed at a time. */
  readonly others: Sizes;
  /** Factor of all further sizes. */
  readonly factor: number;
  /** The least of each dimension's sizes that are not small, if it is more than that of all. */
  readonly least: Sizes;
}

/** First sizes to try, in turn: some functions take short sequences only, or images of which a size is a multiple of 8. */
export function firstSizes(count: number): FirstSizes[] {
  const times = (sizes: Sizes, factor: number): Sizes => sizes.slice(0, count).map((n) => n * factor);
  const beginning = (sizes: Sizes, factor: number): FirstSizes => {
    return { sizes: times(sizes, factor), others: times(CHANGED, factor), factor, least: times(sizes, 0) };
  };
  const some = [FIRST, [11, 13, 7, 5], [7, 5, 3, 2]].map((sizes) => beginning(sizes, 1));
  return [...some, ...[2, 4, 8, 16, 32, 3, 6, 12].map((factor) => beginning(FIRST, factor))];
}

/** The sizes with some dimensions larger, in turn. */
export function largerSizes(first: FirstSizes, dimensions: ReadonlySet<number>): FirstSizes[] {
  return LARGER.map((larger, i) => {
    const choose = (sizes: Sizes, instead: Sizes): Sizes =>
      sizes.map((n, d) => (dimensions.has(d) ? instead[d]! * first.factor : n));
    return {
      ...first,
      sizes: choose(first.sizes, larger),
      others: choose(first.others, LARGER_CHANGED[i]!),
      least: first.least.map((n, d) => (dimensions.has(d) ? larger[d]! : n)),
    };
  });
}

/** The first sizes, each dimension in turn much larger. */
export function probes({ sizes, factor }: FirstSizes): Sizes[] {
  return sizes.map((_, d) => sizes.map((n, i) => (i === d ? PROBE * factor : n)));
}

/** The first sizes, each dimension changed in turn. */
export function oneChanged({ sizes, others }: Pick<FirstSizes, 'sizes' | 'others'>): Sizes[] {
  return sizes.map((_, d) => sizes.map((n, i) => (i === d ? others[d]! : n)));
}

/**
 * Sizes from `least` (each dimension's) on with every rest modulo 12, and modulo 24 in two rounds; with each round the rests of two
 * dimensions stand otherwise to each other. Numbers in `taken` are left out, since a size that equals one of the
 * function's own may be taken for it.
 */
export function everyRest(
  count: number,
  { rounds, least, factor, taken }: { rounds: number; least: Sizes; factor: number; taken: ReadonlySet<number> },
): Sizes[] {
  return Array.from({ length: PERIOD * rounds }, (_, t) => {
    const round = Math.floor(t / PERIOD);
    const sizes: number[] = [];
    for (let d = 0; d < count; d++) {
      const rest = (t + d * (round + 1)) % PERIOD;
      let n = rest + PERIOD * ((round + d) % 2);
      while (n < least[d]! || taken.has(n * factor) || sizes.includes(n)) n += 2 * PERIOD;
      sizes.push(n);
    }
    return sizes.map((n) => n * factor);
  });
}

/** Small sizes, where functions and tfjs take other ways: each dimension by itself, all alike, one behind the other. */
export function smallSizes(first: Sizes, most: number, factor: number): Sizes[] {
  const count = Array.from({ length: most }, (_, i) => i + 1);
  const found = count.flatMap((k): Sizes[] => [
    first.map(() => k),
    first.map((_, d) => k + d),
    first.map((_, d) => k + first.length - 1 - d),
    ...(k <= 4 ? first.map((_, d) => first.map((n, i) => (i === d ? k : n / factor))) : []),
  ]);
  const alike = first.map(() => first[0]! / factor);
  const distinct = new Map([...found, alike].map((sizes) => [sizes.join(), sizes.map((n) => n * factor)]));
  return [...distinct.values()];
}
