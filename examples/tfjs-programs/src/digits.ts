import { normal, seeded } from './seeded.js';

/** Strokes of the ten digits on a grid of 5 rows and 3 columns. */
const GLYPHS = [
  ['###', '#.#', '#.#', '#.#', '###'],
  ['.#.', '##.', '.#.', '.#.', '###'],
  ['###', '..#', '###', '#..', '###'],
  ['###', '..#', '.##', '..#', '###'],
  ['#.#', '#.#', '###', '..#', '..#'],
  ['###', '#..', '###', '..#', '###'],
  ['###', '#..', '###', '#.#', '###'],
  ['###', '..#', '.#.', '.#.', '.#.'],
  ['###', '#.#', '###', '#.#', '###'],
  ['###', '#.#', '###', '..#', '###'],
];

export interface Digits {
  /** Images one after the other, row by row, in [0, 1]. */
  readonly images: Float32Array;
  readonly labels: Int32Array;
}

/** Blocky digits of `classes`, shifted, of uneven ink, with noise, on squares of `size` pixels. */
export function digits(
  count: number,
  size: number,
  seed: number,
  classes: readonly number[] = [...GLYPHS.keys()],
): Digits {
  const random = seeded(seed);
  const images = new Float32Array(count * size * size);
  const labels = new Int32Array(count);
  const [height, width] = [0.7 * size, 0.45 * size];
  for (let i = 0; i < count; i++) {
    const label = classes[Math.floor(random() * classes.length)]!;
    labels[i] = label;
    const [top, left] = [random() * (size - height), random() * (size - width)];
    const ink = 0.6 + 0.4 * random();
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const [row, column] = [Math.floor((5 * (y - top)) / height), Math.floor((3 * (x - left)) / width)];
        const inked = GLYPHS[label]![row]?.[column] === '#' ? ink : 0;
        images[(i * size + y) * size + x] = Math.min(1, Math.max(0, inked + normal(random, 0, 0.05)));
      }
    }
  }
  return { images, labels };
}
