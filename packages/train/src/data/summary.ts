import { type DataReference, type DataSet, type FieldType, SPLIT_NAMES, type SplitName } from './data-set.js';
import { allocate } from './fields.js';

/** The contents of a data set, in numbers. */
export interface DataSummary {
  readonly name: string;
  readonly found?: string;
  readonly reference?: DataReference;
  /** Examples of each. */
  readonly splits: Readonly<Record<SplitName, number>>;
  /** Of all splits together. `shape` is one example's. */
  readonly fields: Readonly<Record<string, FieldSummary>>;
  /** Examples of each class in each split; of data with a `label`. */
  readonly classes?: readonly (Readonly<Record<SplitName, number>> & { readonly name: string })[];
}

export interface FieldSummary {
  readonly shape: readonly number[];
  readonly dtype: FieldType;
  readonly least: number;
  readonly greatest: number;
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
    ...(splits.train.fields.label && { classes: classCounts(dataSet) }),
  };
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
