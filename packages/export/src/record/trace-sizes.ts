/** At which sizes of its free dimensions a function is traced. */

/** One size for each free dimension. */
export type Sizes = readonly number[];

/** Primes that no architecture uses, so that no size matches by accident: the first trace, and one dimension changed. */
const FIRST = [11, 19, 31, 43];
const CHANGED = [13, 23, 37, 47];

/** As many dimensions as there are first sizes for. */
export const MOST_FREE_DIMENSIONS: number = FIRST.length;

/** Every rest of a size divided by 2, 3, 4, 6 or 12 occurs. */
const PERIOD = 12;

/**
 * First sizes to try, in turn: some functions take short sequences only, or images of which a size is a multiple of 8.
 * `factor` is what all further sizes are multiplied by.
 */
export function firstSizes(count: number): { readonly sizes: Sizes; readonly factor: number }[] {
  const some = [FIRST, [11, 13, 7, 5], [7, 5, 3, 2]].map((sizes) => ({ sizes: sizes.slice(0, count), factor: 1 }));
  const multiples = [2, 4, 8, 16, 32, 3, 6, 12].map((factor) => ({
    sizes: FIRST.slice(0, count).map((n) => n * factor),
    factor,
  }));
  return [...some, ...multiples];
}

/** The first sizes, each dimension changed in turn. */
export function oneChanged(first: Sizes, factor: number): Sizes[] {
  return first.map((_, d) => first.map((n, i) => (i === d ? CHANGED[d]! * factor : n)));
}

/**
 * Sizes from `least` on with every rest modulo 12, and modulo 24 in two rounds; with each round the rests of two
 * dimensions stand otherwise to each other. Numbers in `taken` are left out, since a size that equals one of the
 * function's own may be taken for it.
 */
export function everyRest(
  count: number,
  { rounds, least, factor, taken }: { rounds: number; least: number; factor: number; taken: ReadonlySet<number> },
): Sizes[] {
  return Array.from({ length: PERIOD * rounds }, (_, t) => {
    const round = Math.floor(t / PERIOD);
    const sizes: number[] = [];
    for (let d = 0; d < count; d++) {
      const rest = (t + d * (round + 1)) % PERIOD;
      let n = rest + PERIOD * ((round + d) % 2);
      while (n < least || taken.has(n * factor) || sizes.includes(n)) n += 2 * PERIOD;
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
