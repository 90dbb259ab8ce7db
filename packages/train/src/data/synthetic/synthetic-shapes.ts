import { Random } from '@onnx-forge/infer';
import { SPLIT_NAMES, type Splits } from '../data-set.js';
import type { DataSetDescription } from '../description.js';
import { drawnImages } from './drawn-images.js';
import { drawShape, SHAPE_IMAGE_SIZE, SHAPES } from './shape.js';

const CLASSES = Object.keys(SHAPES).length;

/**
 * Coloured shapes on coloured backgrounds, drawn from a seed: x [32, 32, 3] in [0, 1], label 0..7 of the shape, as many of
 * each. A stand-in for CIFAR-10 where nothing can be downloaded; its numbers can't be compared with CIFAR-10's.
 */
export const syntheticShapes: DataSetDescription = {
  name: 'synthetic-shapes',
  title: 'coloured shapes drawn by a seeded generator',
  task: 'colour images, 8 classes; embedded stand-in for CIFAR-10',
  source: 'onnx-forge',
  terms: 'Apache-2.0, as onnx-forge',
  sizes: { train: 6_000, validation: 1_000, test: 1_000 },
  folder: '',
  files: [],
  async load({ seed }) {
    const random = new Random(seed).fork('synthetic-shapes');
    const images = { classes: CLASSES, shape: [SHAPE_IMAGE_SIZE, SHAPE_IMAGE_SIZE, 3], draw: drawShape } as const;
    const entries = SPLIT_NAMES.map((name) => {
      const size = syntheticShapes.sizes[name];
      return [name, drawnImages({ ...images, size }, random.fork(name))];
    });
    return Object.fromEntries(entries) as Splits;
  },
};
