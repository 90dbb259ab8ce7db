import { InputError } from '@onnx-forge/infer';
import { gather } from '../batches.js';
import { type DataSet, type Field, SPLIT_NAMES, type Split, type Splits } from '../data-set.js';
import { DataError } from '../errors.js';
import { aheadIn, everyIndex, pick } from '../views.js';

/** Which of the identities nobody trains on. */
export interface IdentityFold {
  /** Of {@link IDENTITY_FOLDS}, from 0: its identities are the test split's. */
  readonly fold: number;
}

/** Every identity is a test identity in one of four folds. */
export const IDENTITY_FOLDS = 4;

/** This part of the identities, rounded up, is the validation split's; two at least, so that there are different ones. */
const VALIDATION_PART = 1 / 10;

/**
 * Splits examples so that no identity (`label`) is in two splits. The identities are taken in the order of their numbers:
 * a quarter of them, block number `fold`, for testing, the next tenth (round the end) for validation, the others for
 * training.
 *
 * @throws InputError a fold that does not exist; no field `label`; fewer than 8 identities
 */
export function splitByIdentity(all: Split, { fold }: IdentityFold): Splits {
  if (!(Number.isInteger(fold) && fold >= 0 && fold < IDENTITY_FOLDS)) {
    throw new InputError(`the fold must be 0 to ${IDENTITY_FOLDS - 1}, not ${fold}`, { fold });
  }
  if (!all.fields.label) {
    throw new InputError("only data with a field 'label', the identity, can be split by it: a folder for each person");
  }
  const labels = gather(all, 'label', everyIndex(all));
  const identities = [...new Set(labels)].sort((a, b) => a - b);
  const count = identities.length;
  if (count < 2 * IDENTITY_FOLDS) {
    throw new InputError(
      `${count} identities are too few to be split in ${IDENTITY_FOLDS} folds; there must be ${2 * IDENTITY_FOLDS}`,
    );
  }
  const from = Math.floor((count * fold) / IDENTITY_FOLDS);
  const to = Math.floor((count * (fold + 1)) / IDENTITY_FOLDS);
  const validation = Math.max(2, Math.ceil(count * VALIDATION_PART));
  const splitOf = new Map<number, keyof Splits>();
  identities.forEach((identity, rank) => {
    const after = (rank - to + count) % count;
    splitOf.set(identity, rank >= from && rank < to ? 'test' : after < validation ? 'validation' : 'train');
  });
  const entries = SPLIT_NAMES.map((name) => {
    const chosen = everyIndex(all).filter((index) => splitOf.get(labels[index]!) === name);
    return [name, pick(all, chosen)] as const;
  });
  return Object.fromEntries(entries) as unknown as Splits;
}

/** The data set with its splits pooled and made anew by {@link splitByIdentity}; the same whatever the splits were. */
export function withFold(dataSet: DataSet, fold: IdentityFold): DataSet {
  const all = pool(SPLIT_NAMES.map((name) => dataSet.splits[name]));
  const labels = all.fields.label ? gather(all, 'label', everyIndex(all)) : [];
  // Examples of one identity stay together in their own order, wherever they were before.
  const order = everyIndex(all).sort((a, b) => labels[a]! - labels[b]! || a - b);
  return { ...dataSet, splits: splitByIdentity(pick(all, order), fold) };
}

/**
 * The splits of a verification: those of a user's own data stay as they are if nobody is in two of them (a folder for each
 * split, or `--group folder`), for fold 0; all others are made anew by `withFold`.
 */
export function identitySplits(dataSet: DataSet, fold: IdentityFold): DataSet {
  return dataSet.reference && fold.fold === 0 && areApart(dataSet) ? dataSet : withFold(dataSet, fold);
}

function areApart({ splits }: DataSet): boolean {
  const seen = SPLIT_NAMES.map((name) => (splits[name].fields.label ? identitiesOf(splits[name]) : new Map()));
  const all = new Set(seen.flatMap((people) => [...people.keys()]));
  return all.size === seen.reduce((sum, { size }) => sum + size, 0);
}

/** Examples of each identity. */
function identitiesOf(split: Split): Map<number, number> {
  const counts = new Map<number, number>();
  for (const label of gather(split, 'label', everyIndex(split))) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

/** The data set itself. @throws DataError (`data-format`) naming a split without two images of one identity, or without two identities */
export function requirePairs(dataSet: DataSet): DataSet {
  for (const name of SPLIT_NAMES) {
    const people = identitiesOf(dataSet.splits[name]);
    const same = [...people.values()].some((count) => count > 1);
    if (people.size > 1 && same) continue;
    const lack = people.size > 1 ? 'two images of one person' : 'images of two people';
    const message = `data set '${dataSet.name}' lacks ${lack} in its ${name} split: there is nothing to compare; without --group the recipe splits the people itself`;
    throw new DataError('data-format', message, { dataSet: dataSet.name, split: name });
  }
  return dataSet;
}

/** Numbers the images of every split, in a field `image`; no number is given twice. */
export function numberImages(dataSet: DataSet): DataSet {
  let next = 0;
  const entries = SPLIT_NAMES.map((name) => {
    const split = dataSet.splits[name];
    const from = next;
    next += split.size;
    const image: Field = {
      shape: [],
      dtype: 'int32',
      read(index, out, offset) {
        out[offset] = from + index;
      },
    };
    return [name, { ...split, fields: { ...split.fields, image } }] as const;
  });
  return { ...dataSet, splits: Object.fromEntries(entries) as unknown as Splits };
}

/**
 * The data set with `count` training examples of every identity: those who have more images lose the others, the images
 * of those who have fewer occur several times.
 */
export function evenTraining(dataSet: DataSet, count: number): DataSet {
  const { train } = dataSet.splits;
  const members = new Map<number, number[]>();
  gather(train, 'label', everyIndex(train)).forEach((label, index) => {
    members.set(label, [...(members.get(label) ?? []), index]);
  });
  const indices = [...members.values()].flatMap((images) => {
    return Array.from({ length: count }, (_, i) => images[i % images.length]!);
  });
  return { ...dataSet, splits: { ...dataSet.splits, train: pick(train, indices) } };
}

/** All examples of several splits with equal fields, one split after the other. */
function pool(splits: readonly Split[]): Split {
  const places = splits.flatMap((split) => everyIndex(split).map((index) => [split, index] as const));
  const fields = Object.entries(splits[0]!.fields).map(([name, field]) => {
    const read: Field['read'] = (index, out, offset) => {
      const [split, at] = places[index]!;
      split.fields[name]!.read(at, out, offset);
    };
    return [name, { ...field, read, ...aheadIn(name, field, (index) => places[index]!) }] as const;
  });
  return { size: places.length, fields: Object.fromEntries(fields) };
}
