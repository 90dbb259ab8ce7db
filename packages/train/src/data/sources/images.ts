import { luma } from '../augment/colour.js';
import { type DataReference, type Field, SPLIT_NAMES, type Split, type SplitName, type Splits } from '../data-set.js';
import { DataError } from '../errors.js';
import { exampleSize, imageField, labelField } from '../fields.js';
import type { RasterImage } from '../formats/raster.js';
import { resample, type Size } from '../prepare/resample.js';
import { pick } from '../views.js';
import { type Classes, requireEveryClass } from './classes.js';
import type { OpenedData } from './source.js';
import { describeSizes, splitByHash } from './split.js';

export type ImageShape = readonly [height: number, width: number, channels: number];

/** `28 x 28, grey`: width, height and colours. */
export function describeImage([height, width, channels]: readonly number[]): string {
  return `${width} x ${height}, ${channels === 1 ? 'grey' : channels === 3 ? 'colour' : `${channels} channels`}`;
}

/** How images are changed when they are read: options of a reference. */
export interface ImageOptions {
  /** Stretched to this size. */
  readonly resize?: Size;
  /** Colours become their luma. */
  readonly grey?: boolean;
}

/** @throws DataError (`data-format`) an option that images do not have */
export function imageOptions({ path, options = {} }: DataReference): ImageOptions {
  const { resize, grey, ...others } = options;
  const [unknown] = Object.keys(others);
  const refuse = (what: string) => new DataError('data-format', `${path}: ${what}`, { path, options });
  if (unknown !== undefined) throw refuse(`images have no option '${unknown}'; options: resize, grey`);
  if (grey !== undefined && typeof grey !== 'boolean') throw refuse(`grey must be true or false, not '${grey}'`);
  if (resize === undefined) return grey ? { grey } : {};
  const [, width, height] = /^([1-9]\d{0,3})x([1-9]\d{0,3})$/.exec(String(resize)) ?? [];
  if (width === undefined) throw refuse(`resize must be WIDTHxHEIGHT, such as 28x28, not '${resize}'`);
  return { resize: { width: Number(width), height: Number(height) }, ...(grey && { grey }) };
}

/** The image as the options want it. */
export function changeImage(image: RasterImage, { resize, grey }: ImageOptions): RasterImage {
  const coloured = grey && image.channels === 3 ? greyOf(image) : image;
  const { width, height } = coloured;
  if (!resize || (resize.width === width && resize.height === height)) return coloured;
  const { channels } = coloured;
  const data = new Uint8Array(exampleSize([resize.height, resize.width, channels]));
  for (let channel = 0; channel < channels; channel++) {
    const plane = coloured.data.filter((_, i) => i % channels === channel);
    const fitted = resample(plane, { height, width }, { height, width, top: 0, left: 0 }, resize);
    fitted.forEach((level, i) => {
      data[i * channels + channel] = Math.round(level);
    });
  }
  return { ...resize, channels, data };
}

function greyOf({ width, height, data }: RasterImage): RasterImage {
  const grey = Uint8Array.from({ length: width * height }, (_, i) =>
    Math.round(luma(data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!)),
  );
  return { width, height, channels: 1, data: grey };
}

/** Images of one size, with what is known of each. */
export interface ImageExamples {
  /** Their name in messages. */
  readonly name: string;
  readonly shape: ImageShape;
  /** [examples, ...shape]; floats are in [0, 1]. */
  readonly pixels: Uint8Array | Float32Array;
  /** The byte that is white; 1: the images are black and white. Floats: no matter. */
  readonly white: 255 | 1;
  /** Hash of each example's content. */
  readonly hashes: readonly string[];
  /** Class of each example, and the name of each class. */
  readonly classes?: Classes;
  /** Split of each example, where the user has split them. */
  readonly parts?: readonly SplitName[];
}

/** @throws DataError (`data-format`) too few to split, or a split or class without examples */
export function imageSplits(examples: ImageExamples): Omit<OpenedData, 'files'> {
  const { name, shape, hashes, classes, parts } = examples;
  const label = classes && { ...labelField(classes.labels), below: classes.names.length };
  const all: Split = { size: hashes.length, fields: { x: pixelField(examples), ...(label && { label }) } };
  const chosen = parts ? splitByPart(parts) : splitByHash(name, hashes, classes?.labels);
  for (const split of SPLIT_NAMES) {
    if (chosen[split].length > 0) continue;
    throw new DataError('data-format', `${name} has no images for ${split}`, { name, split });
  }
  if (classes) requireEveryClass(name, chosen.train, classes);
  const splits = Object.fromEntries(SPLIT_NAMES.map((split) => [split, pick(all, chosen[split])])) as unknown as Splits;
  const different = new Set(hashes).size;
  const equal = different < hashes.length ? ` (${different} different)` : '';
  const kinds = classes ? ` of ${classes.names.length} classes` : '';
  const colours = examples.white === 1 ? `${shape[1]} x ${shape[0]}, black and white` : describeImage(shape);
  const sizes = describeSizes((split) => chosen[split].length);
  return {
    splits,
    ...(classes && { vocabularies: { label: classes.names } }),
    found: `${hashes.length} images${equal}${kinds}, ${colours} (${sizes})`,
  };
}

function pixelField({ pixels, shape, white }: ImageExamples): Field {
  if (pixels instanceof Uint8Array) return imageField(pixels, shape, white);
  const size = exampleSize(shape);
  return {
    shape,
    dtype: 'float32',
    finite: true,
    read: (index, out, offset) => out.set(pixels.subarray(index * size, (index + 1) * size), offset),
  };
}

function splitByPart(parts: readonly SplitName[]): Record<SplitName, number[]> {
  const splits: Record<SplitName, number[]> = { train: [], validation: [], test: [] };
  for (const [index, part] of parts.entries()) splits[part].push(index);
  return splits;
}
