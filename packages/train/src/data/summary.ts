import { createHash } from 'node:crypto';
import { type DataReference, type DataSet, type FieldType, SPLIT_NAMES, type SplitName } from './data-set.js';
import { allocate } from './fields.js';
import { ContentHashes } from './loader/content-hashes.js';

/** The contents of a data set, in numbers. */
export interface DataSummary {
  readonly name: string;
  readonly found?: string;
  readonly reference?: DataReference;
  /** Examples of each. */
  readonly splits: Readonly<Record<SplitName, number>>;
  /** Of all splits together. `shape` is one example's. */
  readonly fields: Readonly<Record<string, FieldSummary>>;
  /** Of images and short texts. */
  readonly duplicates?: DuplicateSummary;
  /** Examples of each class in each split; of data with a `label`. */
  readonly classes?: readonly (Readonly<Record<SplitName, number>> & { readonly name: string })[];
}

export interface FieldSummary {
  readonly shape: readonly number[];
  readonly dtype: FieldType;
  readonly least: number;
  readonly greatest: number;
}

/** Examples that are equal in all but their label to an earlier one. */
export interface DuplicateSummary {
  readonly examples: number;
  /** Of these, how many are in another split than the first: what a model was trained on is no test of it. */
  readonly acrossSplits: number;
}

/** Looks at every number of a data set. */
export function summariseData(dataSet: DataSet): DataSummary {
  const { name, splits, reference, found } = dataSet;
  const fields = Object.keys(splits.train.fields).map((key) => [key, summariseField(dataSet, key)] as const);
  return {
    name,
    ...(found !== undefined && { found }),
    ...(reference && { reference }),
    splits: perSplit((split) => splits[split].size),
    fields: Object.fromEntries(fields),
    ...(!splits.train.texts?.character && { duplicates: duplicatesIn(dataSet) }),
    ...(splits.train.fields.label && { classes: classCounts(dataSet) }),
  };
}

function duplicatesIn({ splits }: DataSet): DuplicateSummary {
  const hashes = new ContentHashes(SPLIT_NAMES.reduce((sum, split) => sum + splits[split].size, 0));
  let next = 0;
  for (const split of SPLIT_NAMES) {
    const { size, fields, texts = {} } = splits[split];
    const numbers = Object.entries(fields)
      .filter(([key]) => key !== 'label')
      .map(([, field]) => ({ field, row: allocate(field, 1) }));
    for (let index = 0; index < size; index++) {
      const hash = createHash('sha256');
      for (const { field, row } of numbers) {
        field.read(index, row, 0);
        hash.update(new Uint8Array(row.buffer, row.byteOffset, row.byteLength));
      }
      for (const all of Object.values(texts)) hash.update(`${JSON.stringify(all[index])}\n`);
      hashes.set(next++, hash.digest());
    }
  }
  const splitOf = (index: number): SplitName => {
    if (index < splits.train.size) return 'train';
    return index < splits.train.size + splits.validation.size ? 'validation' : 'test';
  };
  let [examples, acrossSplits, first] = [0, 0, 0];
  for (const [i, index] of hashes.order().entries()) {
    if (i === 0 || hashes.compare(first, index) !== 0) first = index;
    else {
      examples++;
      if (splitOf(first) !== splitOf(index)) acrossSplits++;
    }
  }
  return { examples, acrossSplits };
}

function perSplit(value: (split: SplitName) => number): Record<SplitName, number> {
  return { train: value('train'), validation: value('validation'), test: value('test') };
}

function summariseField({ splits }: DataSet, key: string): FieldSummary {
  const { shape, dtype } = splits.train.fields[key]!;
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const split of SPLIT_NAMES) {
    const { size, fields } = splits[split];
    const example = allocate(fields[key]!, 1);
    for (let index = 0; index < size; index++) {
      fields[key]!.read(index, example, 0);
      for (const value of example) {
        least = Math.min(least, value);
        greatest = Math.max(greatest, value);
      }
    }
  }
  return { shape, dtype, least, greatest };
}

function classCounts({ splits, vocabularies }: DataSet): NonNullable<DataSummary['classes']> {
  const counts = new Map<number, Record<SplitName, number>>();
  for (const split of SPLIT_NAMES) {
    const { size, fields } = splits[split];
    const label = new Int32Array(1);
    for (let index = 0; index < size; index++) {
      fields.label!.read(index, label, 0);
      const of = counts.get(label[0]!) ?? perSplit(() => 0);
      of[split]++;
      counts.set(label[0]!, of);
    }
  }
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([label, of]) => ({ name: vocabularies?.label?.[label] ?? `${label}`, ...of }));
}
