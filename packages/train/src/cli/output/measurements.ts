import type { Measurement } from '../../measures/measure.js';
import { formatNumber } from './format.js';
import { table } from './table.js';

/** Measurements as a table, every number with what it was measured on. */
export function measurementTable(measurements: readonly Measurement[]): string {
  return table(
    ['metric', 'value', '+-', 'unit', 'split', 'examples', 'samples'],
    measurements.map(({ name, value, standardError, unit, split, examples, samples }) => [
      name,
      formatNumber(value),
      standardError === undefined ? '-' : formatNumber(standardError),
      unit,
      split,
      `${examples}`,
      samples === undefined ? '-' : `${samples}`,
    ]),
  );
}
