import { type DataSet, type Field, SPLIT_NAMES, type Split, type SplitName } from './data-set.js';
import { DataError } from './errors.js';
import { allocate } from './fields.js';

/**
 * Looks at every number once, before training: a NaN would spoil the weights, a label outside the classes would train as none
 * of them, and an empty split would have no mean to report.
 *
 * @throws DataError (`data-format`) naming data set, split, and field, class or example
 */
export function requireSoundData(dataSet: DataSet): void {
  const { name, splits } = dataSet;
  for (const split of SPLIT_NAMES) {
    requireExamples(dataSet, split);
    requireWholeTexts(name, split, splits[split]);
    requireSoundSplit(name, split, splits[split]);
  }
  for (const [key, field] of Object.entries(splits.train.fields)) requireClasses(dataSet, key, field);
}

/** Every text of a split has a string for each example. */
function requireWholeTexts(dataSet: string, split: SplitName, { size, texts = {} }: Split): void {
  for (const [text, { length }] of Object.entries(texts)) {
    if (length === size) continue;
    const message = `data set '${dataSet}', split '${split}': there are ${length} texts '${text}' of ${size} examples`;
    throw new DataError('data-format', message, { dataSet, split, text, length, size });
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
function fault({ dtype, finite, below, range }: Field): { is(value: number): boolean; says: string } | undefined {
  if (dtype === 'int32' && below !== undefined) {
    return { is: (value) => value < 0 || value >= below, says: `which is none of the classes 0 .. ${below - 1}` };
  }
  if (dtype === 'int32' || finite) return undefined;
  if (range === undefined) return { is: (value) => !Number.isFinite(value), says: 'which is not a finite number' };
  const [low, high] = range;
  // A third of a unit in the last place of float32 is what scaling may add.
  const slack = 1e-6 * Math.max(Math.abs(low), Math.abs(high));
  const is = (value: number) => !(value >= low - slack && value <= high + slack);
  return { is, says: `which is not in the range ${low} .. ${high} that it should have` };
}

/** Of classes, training has several; of classes of a user's own, all. */
function requireClasses(
  { name, splits, vocabularies, reference }: DataSet,
  key: string,
  { below, dtype, shape }: Field,
): void {
  if (below === undefined || dtype !== 'int32' || shape.length > 0) return;
  const present = new Set<number>();
  const value = new Int32Array(1);
  for (let index = 0; index < splits.train.size; index++) {
    splits.train.fields[key]!.read(index, value, 0);
    present.add(value[0]!);
  }
  const called = (label: number) => vocabularies?.label?.[label] ?? `${label}`;
  if (below > 1 && present.size === 1) {
    const [only] = present as Set<number>;
    const message = `data set '${name}', split 'train': all examples are of one class, '${called(only!)}': two at least are needed`;
    throw new DataError('data-format', message, { dataSet: name, split: 'train', field: key, class: called(only!) });
  }
  if (reference === undefined) return;
  const absent = Array.from({ length: below }, (_, label) => label).find((label) => !present.has(label));
  if (absent === undefined) return;
  const message = `data set '${name}', split 'train': class '${called(absent)}' has no example`;
  throw new DataError('data-format', message, { dataSet: name, split: 'train', field: key, class: called(absent) });
}
