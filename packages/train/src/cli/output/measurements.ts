import type { Measurement } from '../../measures/measure.js';
import { formatNumber } from './format.js';
import { table } from './table.js';

/** Measurements as a table, every number with what it was measured on; `+-` is the standard error over examples. */
export function measurementTable(measurements: readonly Measurement[]): string {
  const rows = table(
    ['metric', 'value', '+-', '+- draws', 'unit', 'split', 'examples', 'samples'],
    measurements.map(({ name, value, standardError, drawError, unit, split, examples, samples }) => [
      name,
      formatNumber(value),
      standardError === undefined ? '-' : formatNumber(standardError),
      drawError === undefined ? '-' : formatNumber(drawError),
      unit,
      split,
      `${examples}`,
      samples === undefined ? '-' : `${samples}`,
    ]),
  );
  const dataSets = [...new Set(measurements.flatMap(({ dataSet = [] }) => dataSet))];
  return [rows, ...dataSets.map((name) => `data set: ${name}`), ...meaning(measurements)].join('\n');
}

/** The meaning of the columns of errors, of those that have numbers. */
function meaning(measurements: readonly Measurement[]): string[] {
  const over = [
    ...(measurements.some(({ standardError }) => standardError !== undefined)
      ? ['+-: standard error over the examples']
      : []),
    ...(measurements.some(({ drawError }) => drawError !== undefined)
      ? ['+- draws: over the Monte-Carlo samples, the examples as they are']
      : []),
  ];
  return over.length > 0 ? [over.join('; ')] : [];
}
