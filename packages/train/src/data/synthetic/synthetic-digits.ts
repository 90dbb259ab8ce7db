import { Random } from '@onnx-forge/infer';
import { SPLIT_NAMES, type Split, type Splits } from '../data-set.js';
import type { DataSetDescription } from '../description.js';
import { imageField, labelField } from '../fields.js';
import { DIGITS, glyph } from './glyphs.js';
import { SIZE, write } from './hand.js';
import { drawLines } from './pen.js';

/**
 * Handwritten-looking digits drawn from a seed: x [28, 28, 1] grey in [0, 1], label 0..9, as many of each. A stand-in
 * for MNIST where nothing can be downloaded; its numbers can't be compared with MNIST's.
 */
export const syntheticDigits: DataSetDescription = {
  name: 'synthetic-digits',
  title: 'digits drawn as strokes by a seeded generator',
  task: 'images, 10 classes; embedded stand-in for MNIST',
  source: 'onnx-forge',
  terms: 'Apache-2.0, as onnx-forge',
  sizes: { train: 10_000, validation: 1_000, test: 1_000 },
  folder: '',
  files: [],
  async load({ seed }) {
    const random = new Random(seed).fork('synthetic-digits');
    const entries = SPLIT_NAMES.map((name) => [name, drawDigits(syntheticDigits.sizes[name], random.fork(name))]);
    return Object.fromEntries(entries) as Splits;
  },
};

/** `size` digits in random order, the classes as even as possible. */
function drawDigits(size: number, random: Random): Split {
  const pixels = new Uint8Array(size * SIZE * SIZE);
  const labels = Uint8Array.from(random.permutation(size), (rank) => rank % DIGITS);
  labels.forEach((digit, i) => {
    const image = pixels.subarray(i * SIZE * SIZE, (i + 1) * SIZE * SIZE);
    drawLines(write(glyph(digit, random), random), SIZE, image);
  });
  return { size, fields: { x: imageField(pixels, [SIZE, SIZE, 1], 255), label: labelField(labels) } };
}
