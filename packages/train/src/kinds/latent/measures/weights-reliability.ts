import { paretoKThreshold } from '@onnx-forge/infer';
import type { Measurement } from '../../../measures/measure.js';
import { median } from '../../../measures/median.js';

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
  const middle = median(paretoKs);
  return [
    ...(Number.isFinite(middle) ? [{ name: 'paretoK', value: middle, unit: 'k-hat', ...about }] : []),
    { name: 'unreliableWeights', value: unreliable, unit: 'fraction', ...about },
  ];
}
