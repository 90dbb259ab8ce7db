import { gather } from '../data/batches.js';
import type { Split } from '../data/data-set.js';
import { spreadIndices } from '../data/views.js';

/** The images `x` of {@link spreadIndices}, [examples, ...shape] */
export function spreadImages(split: Split, count: number): Float32Array {
  return gather(split, 'x', spreadIndices(split, count)) as Float32Array;
}
