/** A number as programs print it; a letter before it makes it part of a name (`conv2d_Conv2D1`). */
const NUMBER = /(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/g;

/** Relative to numbers above 1. */
const TOLERANCE = 1e-4;

export interface OutputComparison {
  /** Lines that differ, as `line 3: theirs | ours`. */
  readonly different: readonly string[];
  /** Numbers with a decimal point, and the greatest difference between two of them, relative to numbers above 1. */
  readonly decimals: number;
  readonly worst: number;
}

/**
 * Two outputs of one program: words must be the same, whole numbers (counts of tensors, classes) equal, numbers with a
 * decimal point equal to 1e-4. Spaces, which depend on the length of numbers, don't count.
 */
export function compareOutput(expected: readonly string[], actual: readonly string[]): OutputComparison {
  const different: string[] = [];
  let [decimals, worst] = [0, 0];
  for (let i = 0; i < Math.max(expected.length, actual.length); i++) {
    const [theirs, ours] = [expected[i], actual[i]];
    const distances = theirs === undefined || ours === undefined ? undefined : distancesOf(theirs, ours);
    if (!distances?.every((distance) => distance <= TOLERANCE)) {
      different.push(`line ${i + 1}: ${theirs ?? '(none)'} | ${ours ?? '(none)'}`);
    }
    decimals += distances?.length ?? 0;
    worst = Math.max(worst, ...(distances ?? []));
  }
  return { different, decimals, worst };
}

/** Between the lines' decimal numbers, in turn; undefined when the lines differ in anything else. */
function distancesOf(a: string, b: string): number[] | undefined {
  if (words(a) !== words(b)) return undefined;
  const [left, right] = [a.match(NUMBER) ?? [], b.match(NUMBER) ?? []];
  const distances: number[] = [];
  for (const [i, x] of left.entries()) {
    const y = right[i]!;
    if (/[.e]/.test(x + y)) distances.push(Math.abs(Number(x) - Number(y)) / Math.max(1, Math.abs(Number(x))));
    else if (x !== y) return undefined;
  }
  return distances;
}

const words = (line: string): string => line.replaceAll(NUMBER, '#').replaceAll(/\s+/g, '');
