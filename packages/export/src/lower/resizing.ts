import { cast, constant, ints, op, reshape } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { tf } from '../tfjs.js';
import { gather } from './gathering.js';
import { type Lowering, type LoweringCase, lowering } from './lowering.js';

interface Sampling {
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

interface ResizeAttributes extends Sampling {
  readonly size: readonly [number, number];
}

/** Input positions per output position. */
function scaleOf(from: number, to: number, { alignCorners }: Sampling): number {
  return alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
}

/** The input position that each output position copies. */
function nearestSources(from: number, to: number, sampling: Sampling): number[] {
  const scale = scaleOf(from, to, sampling);
  const shift = sampling.halfPixelCenters ? 0.5 : 0;
  const round = sampling.alignCorners ? Math.round : Math.floor;
  return Array.from({ length: to }, (_, i) => Math.min(from - 1, round(scale * (i + shift))));
}

/** Weights of the two input positions around each output position, as [position, weight] pairs. */
function linearSources(from: number, to: number, sampling: Sampling): [number, number][][] {
  const scale = scaleOf(from, to, sampling);
  return Array.from({ length: to }, (_, i) => {
    const at = scale * i;
    const low = Math.floor(at);
    return [
      [low, 1 - (at - low)],
      [Math.min(Math.ceil(at), from - 1), at - low],
    ];
  });
}

/** Copies rows and columns by constant indices: exact for every combination of flags, and as fast as Resize. */
function resizeNearest(images: Value, { size, ...sampling }: ResizeAttributes): Value {
  const copy = (x: Value, axis: 1 | 2): Value => {
    const to = size[axis - 1]!;
    const sources = nearestSources(x.shape[axis]!, to, sampling);
    if (to === x.shape[axis] && sources.every((source, i) => source === i)) return x;
    return gather(x, ints(sources), axis);
  };
  return copy(copy(images, 2), 1);
}

function resizeBilinear(images: Value, { size, alignCorners, halfPixelCenters }: ResizeAttributes): Value {
  const [batch, , , channels] = images.shape as [number, number, number, number];
  const coordinates = alignCorners ? 'align_corners' : halfPixelCenters ? 'half_pixel' : 'asymmetric';
  return op(
    'Resize',
    [cast(images, 'float32'), undefined, undefined, ints(size)],
    'float32',
    [batch, ...size, channels],
    { mode: 'linear', coordinate_transformation_mode: coordinates, axes: [1, 2] },
  );
}

/** Weights [from, to] that carry a gradient back along one axis: the transpose of the interpolation. */
function adjoint(from: number, to: number, sources: readonly (readonly [number, number])[][]): Value {
  const weights = new Float32Array(from * to);
  for (const [i, terms] of sources.entries()) for (const [source, weight] of terms) weights[source * to + i]! += weight;
  return constant(weights, 'float32', [from, to]);
}

/**
 * Resizing is linear and separable: dx = R_h' dy R_w, two matrix products. As in tfjs the gradients know nothing of
 * half-pixel centres.
 */
function resizeGradient(images: Value, dy: Value, method: 'nearest' | 'linear', alignCorners: boolean): Value {
  const sampling = { alignCorners, halfPixelCenters: false };
  const [batch, height, width, channels] = images.shape as [number, number, number, number];
  const [, rows, columns] = dy.shape as [number, number, number, number];
  const weights = (from: number, to: number): Value => {
    if (method === 'linear') return adjoint(from, to, linearSources(from, to, sampling));
    const sources = nearestSources(from, to, sampling).map((source): [number, number][] => [[source, 1]]);
    return adjoint(from, to, sources);
  };
  const flat = reshape(cast(dy, 'float32'), [batch, rows, columns * channels]);
  const tall = op('MatMul', [weights(height, rows), flat], 'float32', [batch, height, columns * channels]);
  const image = reshape(tall, [batch, height, columns, channels]);
  return op('MatMul', [weights(width, columns), image], 'float32', [batch, height, width, channels]);
}

const sizes: readonly (readonly [string, [number, number]])[] = [
  ['up', [6, 9]],
  ['down', [2, 3]],
  ['unequal', [5, 1]],
];

function casesOf(method: 'resizeNearestNeighbor' | 'resizeBilinear', gradient: boolean): LoweringCase[] {
  const flags = [
    ['', false, false],
    ['align corners', true, false],
    ['half-pixel centres', false, true],
  ] as const;
  return flags.flatMap(([flag, alignCorners, halfPixelCenters]) =>
    sizes.map(([name, size]) => ({
      name: [name, flag].filter(Boolean).join(', '),
      // One square image: tfjs's cpu gradients read wrong rows of further images (nearest) or refuse others (bilinear).
      inputs: { x: { shape: [1, 3, 3, 2] } },
      run: ({ x }) => tf.image[method](x as tf.Tensor4D, size, alignCorners, halfPixelCenters),
      gradient: gradient && !halfPixelCenters,
    })),
  );
}

/** The gradient kernel by itself. */
const gradientCase = (method: 'resizeNearestNeighbor' | 'resizeBilinear'): LoweringCase[] => [
  {
    name: 'gradient',
    inputs: { x: { shape: [1, 4, 4, 2] }, dy: { shape: [1, 8, 8, 2] } },
    run: ({ x, dy }) => tf.grad((v) => tf.image[method](v as tf.Tensor4D, [8, 8]))(x!, dy!),
  },
];

interface GradientInputs {
  readonly images: Value;
  readonly dy: Value;
}

export const resizing: readonly Lowering[] = [
  lowering<{ images: Value }, ResizeAttributes>(
    'ResizeNearestNeighbor',
    ({ images }, attrs) => resizeNearest(images, attrs),
    casesOf('resizeNearestNeighbor', true),
  ),
  lowering<{ images: Value }, ResizeAttributes>(
    'ResizeBilinear',
    ({ images }, attrs) => resizeBilinear(images, attrs),
    casesOf('resizeBilinear', true),
  ),
  lowering<GradientInputs, Sampling>(
    'ResizeNearestNeighborGrad',
    ({ images, dy }, { alignCorners }) => resizeGradient(images, dy, 'nearest', alignCorners),
    gradientCase('resizeNearestNeighbor'),
  ),
  lowering<GradientInputs, Sampling>(
    'ResizeBilinearGrad',
    ({ images, dy }, { alignCorners }) => resizeGradient(images, dy, 'linear', alignCorners),
    gradientCase('resizeBilinear'),
  ),
];
