import { type DataReference, type Field, SPLIT_NAMES, type Split, type SplitName, type Splits } from '../data-set.js';
import { DataError } from '../errors.js';
import { exampleSize, labelField } from '../fields.js';
import type { ContentHashes } from '../loader/content-hashes.js';
import type { ImageRows } from '../loader/image-rows.js';
import { pick } from '../views.js';
import { type Classes, requireClasses, requireEveryClass } from './classes.js';
import type { OpenedData } from './source.js';
import { describeSizes, splitByPart, splitExamples, splittingOf } from './split.js';

export type ImageShape = readonly [height: number, width: number, channels: number];

/** `28 x 28, grey`: width, height and colours. */
export function describeImage([height, width, channels]: readonly number[]): string {
  return `${width} x ${height}, ${channels === 1 ? 'grey' : channels === 3 ? 'colour' : `${channels} channels`}`;
}

/** Images of one size, with what is known of each. */
export interface ImageExamples {
  /** Their name in messages. */
  readonly name: string;
  readonly shape: ImageShape;
  readonly pixels: ImageRows;
  /** The byte that is white; 1: the images are black and white. Floats: no matter. */
  readonly white: 255 | 1;
  /** Hash of each example's content. */
  readonly hashes: ContentHashes;
  /** Class of each example, and the name of each class. */
  readonly classes?: Classes;
  /** Split of each example, where the user has split them. */
  readonly parts?: readonly SplitName[];
}

/**
 * The examples in splits, as the reference's options `split` and `group` want them.
 *
 * @param groupWord the value of `group` that keeps each class in one split
 * @throws DataError (`data-format`) too few to split, or a split or class without examples
 */
export function imageSplits(
  examples: ImageExamples,
  reference: DataReference,
  groupWord: string,
): Omit<OpenedData, 'files'> {
  const { name, shape, hashes, classes, parts } = examples;
  const label = classes && { ...labelField(classes.labels), below: classes.names.length };
  const all: Split = { size: hashes.length, fields: { x: pixelField(examples), ...(label && { label }) } };
  const grouped = isGrouped(examples, reference, groupWord);
  const groups = grouped ? Array.from(classes!.labels, (of) => classes!.names[of]!) : undefined;
  const chosen = parts
    ? splitByPart(parts)
    : splitExamples(name, splittingOf(reference), { hashes, labels: classes?.labels, groups });
  for (const split of SPLIT_NAMES) {
    if (chosen[split].length > 0) continue;
    throw new DataError('data-format', `${name} has no images for ${split}`, { name, split });
  }
  if (classes) requireClasses(name, classes);
  // Of groups, some are to be in no training; a recipe that can't do so says it.
  if (classes && !grouped && !parts) requireEveryClass(name, chosen.train, classes);
  const splits = Object.fromEntries(SPLIT_NAMES.map((split) => [split, pick(all, chosen[split])])) as unknown as Splits;
  const different = hashes.countDifferent();
  const equal = different < hashes.length ? ` (${different} different)` : '';
  const kinds = classes ? ` of ${classes.names.length} classes` : '';
  const colours = examples.white === 1 ? `${shape[1]} x ${shape[0]}, black and white` : describeImage(shape);
  const apart = grouped ? `, no ${groupWord} in two of them` : '';
  const sizes = describeSizes((split) => chosen[split].length);
  return {
    splits,
    ...(classes && { vocabularies: { label: classes.names } }),
    found: `${hashes.length} images${equal}${kinds}, ${colours} (${sizes}${apart})`,
  };
}

/** @throws DataError (`data-format`) a group that images do not have */
function isGrouped({ name, classes, parts }: ImageExamples, { options = {} }: DataReference, word: string): boolean {
  const { group, split } = options;
  const refuse = (what: string) => new DataError('data-format', `${name}: ${what}`, { name, options });
  if (parts && (group !== undefined || split !== undefined)) {
    throw refuse('its folders are the splits already: give no split and no group');
  }
  if (group === undefined) return false;
  if (group !== word) throw refuse(`images are grouped by '${word}', not by '${group}'`);
  if (!classes) throw refuse(`they have no classes, so they can't be grouped by '${word}'`);
  return true;
}

function pixelField({ pixels, shape, white }: ImageExamples): Field {
  const size = exampleSize(shape);
  const scale = 1 / white;
  return {
    ...{ shape, dtype: 'float32', finite: true },
    binary: white === 1,
    ...(pixels.readAhead && { readAhead: (indices: ArrayLike<number>) => pixels.readAhead!(indices) }),
    read(index, out, offset) {
      const row = pixels.row(index);
      if (row instanceof Float32Array) out.set(row, offset);
      else for (let i = 0; i < size; i++) out[offset + i] = row[i]! * scale;
    },
  };
}
