import { InputError } from '@onnx-forge/infer';
import { gather } from '../batches.js';
import { type DataSet, SPLIT_NAMES, type Split, type Splits } from '../data-set.js';
import { aheadIn, everyIndex } from '../views.js';

/** The number of folds of a data set that has no split of its own. */
export const FOLDS = 10;

/** The field that tells an example's fold. */
export const FOLD_FIELD = 'fold';

/**
 * Fold `fold` as the test split, the next one as the validation split, the others as the training split. All examples come
 * from `parts`, which together are the whole data set; each split keeps their order.
 */
export function foldOf(parts: readonly Split[], fold: number): Splits {
  const found = parts.map((part) => gather(part, FOLD_FIELD, everyIndex(part)));
  const having = (wanted: (fold: number) => boolean): Split => {
    const chosen = parts.flatMap((part, p) =>
      Array.from(found[p]!.keys())
        .filter((index) => wanted(found[p]![index]!))
        .map((index) => ({ part, index })),
    );
    return picked(parts[0]!, chosen);
  };
  const next = (fold + 1) % FOLDS;
  return {
    train: having((of) => of !== fold && of !== next),
    validation: having((of) => of === next),
    test: having((of) => of === fold),
  };
}

/**
 * The data set with another of its folds for the test.
 *
 * @throws InputError when there is no such fold, or when the data set has a split of its own and another than 0 is asked for
 */
export function chooseFold(dataSet: DataSet, fold: number): DataSet {
  const { name, splits } = dataSet;
  if (!Number.isInteger(fold) || fold < 0 || fold >= FOLDS) {
    throw new InputError(`there is no fold ${fold}: they are 0 to ${FOLDS - 1}`, { fold });
  }
  if (splits.train.fields[FOLD_FIELD]) {
    return {
      ...dataSet,
      splits: foldOf(
        SPLIT_NAMES.map((split) => splits[split]),
        fold,
      ),
    };
  }
  if (fold === 0) return dataSet;
  throw new InputError(`data set ${name} has a test split of its own, so there is no fold ${fold} of it`, {
    name,
    fold,
  });
}

/** The examples chosen, in this order; nothing but the texts is copied. */
function picked(like: Split, chosen: readonly { readonly part: Split; readonly index: number }[]): Split {
  const fields = Object.entries(like.fields).map(([name, field]) => {
    const read: typeof field.read = (index, out, offset) => {
      const { part, index: there } = chosen[index]!;
      part.fields[name]!.read(there, out, offset);
    };
    return [
      name,
      { ...field, read, ...aheadIn(name, field, (index) => [chosen[index]!.part, chosen[index]!.index]) },
    ] as const;
  });
  const texts = Object.keys(like.texts ?? {}).map(
    (name) => [name, chosen.map(({ part, index }) => part.texts![name]![index]!)] as const,
  );
  return {
    size: chosen.length,
    fields: Object.fromEntries(fields),
    ...(like.texts && { texts: Object.fromEntries(texts) }),
  };
}
