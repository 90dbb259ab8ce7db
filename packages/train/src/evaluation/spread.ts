import { gather } from '../data/batches.js';
import type { Split } from '../data/data-set.js';

/** At most `count` images `x` from all over a split: a file may be sorted by class. [examples, ...shape] */
export function spreadImages(split: Split, count: number): Float32Array {
  const taken = Math.min(count, split.size);
  const chosen = Array.from({ length: taken }, (_, i) => Math.floor((i * split.size) / taken));
  return gather(split, 'x', chosen) as Float32Array;
}
