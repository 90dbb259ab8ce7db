import type { Certificate } from '../../actions/certify.js';
import { formatNumber } from './format.js';
import { table } from './table.js';

/** A certificate as a table, under what it was measured on. */
export function certificateTable({ dataSet, binarisation, split, seed, device, measurements }: Certificate): string {
  const rows = table(
    ['number', 'value', '+-', 'unit', 'images of', 'images', 'samples', 'method'],
    measurements.map(({ name, value, standardError, unit, simulated, examples, samples, method }) => [
      name,
      formatNumber(value),
      standardError === undefined ? '-' : formatNumber(standardError),
      unit,
      simulated ? 'the model' : split,
      `${examples}`,
      samples === undefined ? '-' : `${samples}`,
      method ?? '-',
    ]),
  );
  return `${dataSet}, ${split} split, binarisation: ${binarisation}; seed ${seed}, on ${device}\n${rows}`;
}
