import type { Measurement } from './measure.js';

/** A fraction that was counted among `examples`, with its binomial standard error sqrt(p (1 - p) / n). */
export function measuredFraction(
  name: string,
  value: number,
  about: Pick<Measurement, 'split' | 'examples'> & Partial<Measurement>,
): Measurement {
  return { name, value, unit: 'fraction', standardError: Math.sqrt((value * (1 - value)) / about.examples), ...about };
}
