import { Random } from '@onnx-forge/infer';
import { type Field, SPLIT_NAMES, type Split, type Splits } from '../data-set.js';
import type { DataSetDescription } from '../describe.js';
import { imageField, labelField } from '../fields.js';
import { DIGITS } from './glyphs.js';
import { drawHouseNumber, HOUSE_NUMBER_SIZE } from './house-number.js';

/**
 * Coloured digits on house walls, drawn from a seed: x [32, 32, 3] in [0, 1], label 0..9 of the digit in the middle, as
 * many of each. A stand-in for SVHN where nothing can be downloaded; its numbers can't be compared with SVHN's.
 */
export const syntheticHouseNumbers: DataSetDescription = {
  name: 'synthetic-house-numbers',
  title: 'coloured house numbers drawn by a seeded generator',
  task: 'colour images, 10 classes; embedded stand-in for SVHN',
  source: 'onnx-forge',
  terms: 'Apache-2.0, as onnx-forge',
  sizes: { train: 10_000, validation: 1_000, test: 1_000 },
  folder: '',
  files: [],
  async load({ seed }) {
    const random = new Random(seed).fork('synthetic-house-numbers');
    const entries = SPLIT_NAMES.map((name) => [name, drawSplit(syntheticHouseNumbers.sizes[name], random.fork(name))]);
    return Object.fromEntries(entries) as Splits;
  },
};

/** `size` digits in random order, as many of each. An image is drawn when it is first read, from a seed of its own. */
function drawSplit(size: number, random: Random): Split {
  const length = HOUSE_NUMBER_SIZE * HOUSE_NUMBER_SIZE * 3;
  const pixels = new Uint8Array(size * length);
  const drawn = new Uint8Array(size);
  const labels = Uint8Array.from(random.permutation(size), (rank) => rank % DIGITS);
  const images = imageField(pixels, [HOUSE_NUMBER_SIZE, HOUSE_NUMBER_SIZE, 3], 255);
  const x: Field = {
    ...images,
    read(index, out, offset) {
      if (drawn[index] === 0) {
        const image = pixels.subarray(index * length, (index + 1) * length);
        drawHouseNumber(labels[index]!, random.fork(`image ${index}`), image);
        drawn[index] = 1;
      }
      images.read(index, out, offset);
    },
  };
  return { size, fields: { x, label: labelField(labels) } };
}
