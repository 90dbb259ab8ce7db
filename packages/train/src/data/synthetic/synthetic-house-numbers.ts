import { Random } from '@onnx-forge/infer';
import { SPLIT_NAMES, type Splits } from '../data-set.js';
import type { DataSetDescription } from '../description.js';
import { drawnImages } from './drawn-images.js';
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
    const images = {
      classes: DIGITS,
      shape: [HOUSE_NUMBER_SIZE, HOUSE_NUMBER_SIZE, 3],
      draw: drawHouseNumber,
    } as const;
    const entries = SPLIT_NAMES.map((name) => {
      const size = syntheticHouseNumbers.sizes[name];
      return [name, drawnImages({ ...images, size }, random.fork(name))];
    });
    return Object.fromEntries(entries) as Splits;
  },
};
