import { cast, constant, ints, op, reshape } from '../graph/build.js';
import { type Size, shapeEntry, sizeAt, sizeVector, times } from '../graph/size.js';
import type { Value } from '../graph/value.js';
import { asked, canRepeat, freeWeights, repeatEach, type Sampling } from '../idioms/free-resizing.js';
import { gather } from '../idioms/gather.js';
import { tf } from '../tfjs.js';
import { type Lowering, type LoweringCase, lowering } from './lowering.js';

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

/** The two input positions around each output position and their weights. */
function linearSources(from: number, to: number, sampling: Sampling): [number, number][][] {
  const scale = scaleOf(from, to, sampling);
  const shift = sampling.halfPixelCenters ? 0.5 : 0;
  return Array.from({ length: to }, (_, i) => {
    const at = scale * (i + shift) - shift;
    const low = Math.max(0, Math.floor(at));
    const high = Math.max(0, Math.min(from - 1, Math.ceil(at)));
    return [
      [low, 1 - (at - low)],
      [high, at - low],
    ];
  });
}

/** Copies rows and columns by constant indices: exact for every combination of flags, and as fast as Resize. */
function resizeNearest(images: Value, { size, ...sampling }: ResizeAttributes): Value {
  const copy = (x: Value, axis: 1 | 2): Value => {
    const to = size[axis - 1]!;
    const factor = to / x.shape[axis]!;
    if (x.varying?.has(axis) && canRepeat(factor, sampling)) return repeatEach(x, axis, factor, to);
    const sources = nearestSources(x.shape[axis]!, to, sampling);
    if (to === x.shape[axis] && sources.every((source, i) => source === i)) return x;
    return gather(x, ints(sources), axis);
  };
  return copy(copy(images, 2), 1);
}

/** Interpolation along one axis as a matrix [to, from], or its transpose, which takes gradients back. */
function weights(
  from: number,
  to: number,
  sources: readonly (readonly [number, number])[][],
  direction: 'forward' | 'back',
): Value {
  const matrix = new Float32Array(from * to);
  const at = (i: number, source: number): number => (direction === 'forward' ? i * from + source : source * to + i);
  for (const [i, terms] of sources.entries()) for (const [source, weight] of terms) matrix[at(i, source)]! += weight;
  return constant(matrix, 'float32', direction === 'forward' ? [to, from] : [from, to]);
}

/** Rows and columns of images [batch, height, width, channels] multiplied by a matrix each. */
function interpolate(images: Value, rows: Value, columns: Value): Value {
  const [batch, height, width, channels] = images.shape as [number, number, number, number];
  const [h, w] = [rows.shape[0]!, columns.shape[0]!];
  const sizes = images.shape.map((_, axis) => sizeAt(images, axis)) as [Size, Size, Size, number];
  // A free batch alone is left to the Reshape.
  const free = images.varying?.has(1) || images.varying?.has(2);
  const shaped = (x: Value, shape: readonly number[], computed: readonly Size[]): Value =>
    free ? op('Reshape', [x, sizeVector(computed)], x.dtype, shape, { allowzero: 1 }) : reshape(x, shape);
  const lines = shaped(
    cast(images, 'float32'),
    [batch, height, width * channels],
    [sizes[0], sizes[1], times(sizes[2], channels)],
  );
  const tall = op('MatMul', [rows, lines], 'float32', [batch, h, width * channels]);
  const columnwise = shaped(tall, [batch, h, width, channels], [sizes[0], asked(h), sizes[2], channels]);
  return op('MatMul', [columns, columnwise], 'float32', [batch, h, w, channels]);
}

/**
 * Resizing is linear and separable, so it is two matrix products, R_h x R_w'. ONNX's Resize has the same modes, but
 * onnxruntime's WebGPU provider (1.30) gives other numbers for images in tfjs's layout.
 */
function resizeBilinear(images: Value, { size: [rows, columns], ...sampling }: ResizeAttributes): Value {
  const matrix = (axis: 1 | 2, to: number): Value => {
    if (images.varying?.has(axis)) return freeWeights(shapeEntry(images, axis), asked(to), sampling);
    const from = images.shape[axis]!;
    return weights(from, to, linearSources(from, to, sampling), 'forward');
  };
  return interpolate(images, matrix(1, rows), matrix(2, columns));
}

/** The transposes of the same matrices. As in tfjs the gradients know nothing of half-pixel centres. */
function resizeGradient(images: Value, dy: Value, method: 'nearest' | 'linear', alignCorners: boolean): Value {
  const sampling = { alignCorners, halfPixelCenters: false };
  const matrix = (from: number, to: number): Value => {
    if (method === 'linear') return weights(from, to, linearSources(from, to, sampling), 'back');
    const copies = nearestSources(from, to, sampling).map((source): [number, number][] => [[source, 1]]);
    return weights(from, to, copies, 'back');
  };
  return interpolate(dy, matrix(images.shape[1]!, dy.shape[1]!), matrix(images.shape[2]!, dy.shape[2]!));
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
