import type { AnsCoder } from './ans.js';

/** Bits that probabilities of pixels are rounded to; none is below 2^-20. */
const PRECISION = 20;

/** Adds a bit whose probability of being 1 is p. */
export function pushBit(coder: AnsCoder, bit: number, p: number): void {
  const zeros = zerosOf(p);
  if (bit === 0) coder.push(0, zeros, PRECISION);
  else coder.push(zeros, 2 ** PRECISION - zeros, PRECISION);
}

export function popBit(coder: AnsCoder, p: number): 0 | 1 {
  const zeros = zerosOf(p);
  const bit = coder.peek(PRECISION) < zeros ? 0 : 1;
  if (bit === 0) coder.drop(0, zeros, PRECISION);
  else coder.drop(zeros, 2 ** PRECISION - zeros, PRECISION);
  return bit;
}

function zerosOf(p: number): number {
  return Math.min(Math.max(Math.round((1 - p) * 2 ** PRECISION), 1), 2 ** PRECISION - 1);
}
