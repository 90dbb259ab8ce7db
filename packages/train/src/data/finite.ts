import { type DataSet, SPLIT_NAMES, type Split, type SplitName } from './data-set.js';
import { DataError } from './errors.js';
import { allocate } from './fields.js';

/**
 * Looks at every number once: a NaN would spoil the weights, and show only later as a loss that is not finite.
 *
 * @throws DataError (`data-format`) naming data set, split, field and example
 */
export function requireFiniteData({ name, splits }: DataSet): void {
  for (const split of SPLIT_NAMES) requireFiniteSplit(name, split, splits[split]);
}

function requireFiniteSplit(dataSet: string, name: SplitName, { size, fields }: Split): void {
  for (const [key, field] of Object.entries(fields)) {
    if (field.dtype === 'int32' || field.finite) continue;
    const example = allocate(field, 1);
    for (let index = 0; index < size; index++) {
      field.read(index, example, 0);
      const value = (example as Float32Array).find((number) => !Number.isFinite(number));
      if (value === undefined) continue;
      throw new DataError(
        'data-format',
        `data set '${dataSet}', split '${name}', example ${index}: '${key}' holds ${value}, which is not a finite number`,
        { dataSet, split: name, field: key, index },
      );
    }
  }
}
