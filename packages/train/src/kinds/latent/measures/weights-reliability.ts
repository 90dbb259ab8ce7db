import { paretoKThreshold } from '@onnx-forge/infer';
import type { Measurement } from '../../../measures/measure.js';

/**
 * How far the importance weights behind a K-sample bound can be relied on: the median over the examples of the Pareto k-hat of
 * their weights, and the fraction of the examples above min(1 - 1 / log10 K, 0.7), whose values and error bars can't be (Vehtari et al. 2024).
 * Without the median where so few samples leave most examples no tail to fit (K up to 20).
 */
export function weightsReliability(
  paretoKs: Float64Array,
  about: Pick<Measurement, 'split' | 'examples'> & { readonly samples: number },
): Measurement[] {
  const threshold = paretoKThreshold(about.samples);
  const unreliable = paretoKs.filter((k) => !(k <= threshold)).length / paretoKs.length;
  const median = medianOf(paretoKs);
  return [
    ...(Number.isFinite(median) ? [{ name: 'paretoK', value: median, unit: 'k-hat', ...about }] : []),
    { name: 'unreliableWeights', value: unreliable, unit: 'fraction', ...about },
  ];
}

function medianOf(values: Float64Array): number {
  const sorted = values.slice().sort();
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}
