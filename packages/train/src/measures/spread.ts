import { gather } from '../data/batches.js';
import type { Split } from '../data/data-set.js';

/** At most `count` examples from all over a split: a file may be sorted by class. */
export function spreadIndices({ size }: Split, count: number): number[] {
  const taken = Math.min(count, size);
  return Array.from({ length: taken }, (_, i) => Math.floor((i * size) / taken));
}

/** The images `x` of {@link spreadIndices}, [examples, ...shape] */
export function spreadImages(split: Split, count: number): Float32Array {
  return gather(split, 'x', spreadIndices(split, count)) as Float32Array;
}
