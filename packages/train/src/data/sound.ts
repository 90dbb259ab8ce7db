import { type DataSet, type Field, SPLIT_NAMES, type Split, type SplitName } from './data-set.js';
import { DataError } from './errors.js';
import { allocate } from './fields.js';

/**
 * Looks at every number once, before training: a NaN would spoil the weights, a label outside the classes would train as none
 * of them, and an empty split would have no mean to report.
 *
 * @throws DataError (`data-format`) naming data set, split, field and example
 */
export function requireSoundData(dataSet: DataSet): void {
  const { name, splits } = dataSet;
  for (const split of SPLIT_NAMES) {
    requireExamples(dataSet, split);
    requireSoundSplit(name, split, splits[split]);
  }
}

/** @throws DataError (`data-format`) naming data set and split, when it is empty: there is no mean over nothing */
export function requireExamples({ name, splits }: DataSet, split: SplitName): void {
  if (splits[split].size > 0) return;
  const message = `data set '${name}' has no examples in its ${split} split: each of ${SPLIT_NAMES.join(', ')} needs one at least`;
  throw new DataError('data-format', message, { dataSet: name, split });
}

function requireSoundSplit(dataSet: string, name: SplitName, { size, fields }: Split): void {
  for (const [key, field] of Object.entries(fields)) {
    const wrong = fault(field);
    if (wrong === undefined) continue;
    const example = allocate(field, 1);
    for (let index = 0; index < size; index++) {
      field.read(index, example, 0);
      const value = Array.prototype.find.call(example, wrong.is) as number | undefined;
      if (value === undefined) continue;
      throw new DataError(
        'data-format',
        `data set '${dataSet}', split '${name}', example ${index}: '${key}' holds ${value}, ${wrong.says}`,
        { dataSet, split: name, field: key, index },
      );
    }
  }
}

/** A value that the field may not hold; undefined if none is possible. */
function fault({ dtype, finite, below }: Field): { is(value: number): boolean; says: string } | undefined {
  if (dtype === 'int32' && below !== undefined) {
    return { is: (value) => value < 0 || value >= below, says: `which is none of the classes 0 .. ${below - 1}` };
  }
  if (dtype === 'int32' || finite) return undefined;
  return { is: (value) => !Number.isFinite(value), says: 'which is not a finite number' };
}
