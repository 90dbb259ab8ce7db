import { arrayOf, binary, cast, constant, ints, op, ops, reshape, scalar, unary } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { gatherNd } from '../idioms/gather.js';
import { expand, positions, unsqueeze, where } from '../idioms/shapes.js';
import { tf } from '../tfjs.js';
import { type Lowering, type LoweringCase, lowering } from './lowering.js';

const number = (value: number): Value => scalar(value, 'float32');
const add = (a: Value, b: Value): Value => binary('Add', a, b);
const subtract = (a: Value, b: Value): Value => binary('Sub', a, b);
const multiply = (a: Value, b: Value): Value => binary('Mul', a, b);
const and = (a: Value, b: Value): Value => binary('And', a, b, 'bool');
const floor = (x: Value): Value => unary('Floor', x);
const round = (x: Value): Value => floor(add(x, number(0.5)));
const clip = (x: Value, high: number): Value => op('Clip', [x, number(0), number(high)], 'float32', x.shape);
const choose = (condition: Value, a: Value, b: Value): Value => where(condition, a, b, add(a, b).shape);

/** 0, 1, ... n - 1 down the rows or along the columns of [1, rows, columns]. */
function ramp(n: number, along: 'rows' | 'columns'): Value {
  const values = Array.from({ length: n }, (_, i) => i);
  return constant(arrayOf('float32', values), 'float32', along === 'rows' ? [1, n, 1] : [1, 1, n]);
}

/** The columns of a matrix [n, k], each [n, 1, 1]. */
function columns(matrix: Value): Value[] {
  const [n, k] = matrix.shape as [number, number];
  const column = { dtype: 'float32', shape: [n, 1] } as const;
  const sizes = Array.from({ length: k }, () => 1);
  const parts = ops('Split', [matrix, ints(sizes)], Array(k).fill(column), { axis: 1 });
  return parts.map((part) => reshape(part, [n, 1, 1]));
}

/** Where the samples lie in images [batch, height, width, channels]: which image [n, 1, 1], which y and x [n, h, w]. */
interface Places {
  readonly image: Value;
  readonly y: Value;
  readonly x: Value;
}

/** Whether 0 <= at <= last. */
function within(at: Value, last: number): Value {
  return and(binary('GreaterOrEqual', at, number(0), 'bool'), binary('LessOrEqual', at, number(last), 'bool'));
}

/** The mask of the places inside the images, [n, h, w, 1]. */
function inside(images: Value, { y, x }: Places): Value {
  const mask = and(within(y, images.shape[1]! - 1), within(x, images.shape[2]! - 1));
  return unsqueeze(mask, [mask.rank]);
}

/** Pixels [n, h, w, channels] at whole positions; places outside give the nearest pixel. */
function pixels(images: Value, { image, y, x }: Places): Value {
  const shape = add(y, x).shape;
  const clipped = [image, clip(y, images.shape[1]! - 1), clip(x, images.shape[2]! - 1)];
  const indices = clipped.map((index) => unsqueeze(expand(cast(index, 'int64'), shape), [shape.length]));
  return gatherNd(images, op('Concat', indices, 'int64', [...shape, 3], { axis: -1 }));
}

type Read = (places: Places) => Value;

/** The four pixels around each place, weighted by nearness. */
function bilinear(read: Read, { image, y, x }: Places): Value {
  const [top, left] = [floor(y), floor(x)];
  const [bottom, right] = [add(top, number(1)), add(left, number(1))];
  const mix = (a: Value, b: Value, weight: Value): Value => {
    const share = unsqueeze(weight, [weight.rank]);
    return add(multiply(a, subtract(number(1), share)), multiply(b, share));
  };
  const row = (y: Value): Value => mix(read({ image, y, x: left }), read({ image, y, x: right }), subtract(x, left));
  return mix(row(top), row(bottom), subtract(y, top));
}

function sample(read: Read, places: Places, method: 'bilinear' | 'nearest'): Value {
  if (method === 'bilinear') return bilinear(read, places);
  return read({ ...places, y: round(places.y), x: round(places.x) });
}

interface CropAttributes {
  readonly cropSize: readonly [number, number];
  readonly method: 'bilinear' | 'nearest';
  readonly extrapolationValue: number;
}

/**
 * Positions from `low` to `high` (fractions of the image), ends included; one alone is in the middle. Weighted, not
 * stepped, so that the last one is `high` to the bit: a box up to the border must not end outside the image.
 */
function spread(low: Value, high: Value, size: number, n: number, along: 'rows' | 'columns'): Value {
  const share = n === 1 ? number(0.5) : binary('Div', ramp(n, along), number(n - 1));
  const between = add(multiply(low, subtract(number(1), share)), multiply(high, share));
  return multiply(between, number(size - 1));
}

function cropAndResize(
  { image, boxes, boxInd }: { image: Value; boxes: Value; boxInd: Value },
  { cropSize: [rows, cols], method, extrapolationValue }: CropAttributes,
): Value {
  const [y1, x1, y2, x2] = columns(boxes) as [Value, Value, Value, Value];
  const [, height, width] = image.shape as [number, number, number];
  const places = {
    image: cast(reshape(boxInd, [boxInd.size, 1, 1]), 'float32'),
    y: spread(y1, y2, height, rows, 'rows'),
    x: spread(x1, x2, width, cols, 'columns'),
  };
  const images = cast(image, 'float32');
  const sampled = sample((at) => pixels(images, at), places, method);
  return choose(inside(images, places), sampled, number(extrapolationValue));
}

interface TransformAttributes {
  readonly interpolation: 'bilinear' | 'nearest';
  readonly fillMode: 'constant' | 'reflect' | 'wrap' | 'nearest';
  readonly fillValue: number;
  readonly outputShape?: readonly [number, number];
}

/** Brings positions outside 0 ... size - 1 back inside, as tfjs does. */
function fold(at: Value, size: number, mode: TransformAttributes['fillMode']): Value {
  if (mode === 'constant') return at;
  if (mode === 'nearest' || size <= 1) return clip(at, size - 1);
  const negative = binary('Less', at, number(0), 'bool');
  const period = (length: number): Value => floor(binary('Div', unary('Abs', at), number(length)));
  if (mode === 'wrap') {
    const turns = multiply(period(size - 1), number(size));
    const beyond = binary('Greater', at, number(size - 1), 'bool');
    const forward = choose(beyond, subtract(at, turns), at);
    return clip(choose(negative, add(at, add(turns, number(size))), forward), size - 1);
  }
  const turns = multiply(period(2 * size), number(2 * size));
  const up = add(at, turns);
  const mirrored = subtract(unary('Neg', up), number(1));
  const below = choose(binary('Less', up, number(-size), 'bool'), add(up, number(2 * size)), mirrored);
  const down = subtract(at, turns);
  const mirror = subtract(number(2 * size - 1), down);
  const above = choose(binary('GreaterOrEqual', down, number(size), 'bool'), mirror, down);
  return clip(choose(negative, below, above), size - 1);
}

/**
 * Projective transform: output (x, y) comes from ((a x + b y + c) / k, (d x + e y + f) / k), k = g x + h y + 1. The
 * whole batch is transformed, as in TensorFlow; tfjs's cpu backend stops after the first image.
 */
function transform(
  { image, transforms }: { image: Value; transforms: Value },
  { interpolation, fillMode, fillValue, outputShape }: TransformAttributes,
): Value {
  const [batch, height, width] = image.shape as [number, number, number];
  const [rows, cols] = outputShape ?? [height, width];
  const [a, b, c, d, e, f, g, h] = columns(transforms) as [Value, Value, Value, Value, Value, Value, Value, Value];
  const [x, y] = [ramp(cols, 'columns'), ramp(rows, 'rows')];
  const along = (p: Value, q: Value, r: Value): Value => add(add(multiply(p, x), multiply(q, y)), r);
  const projection = along(g, h, number(1));
  const infinite = binary('Equal', projection, number(0), 'bool');
  const divisor = choose(infinite, number(1), projection);
  const places = {
    image: reshape(cast(positions(image, 0), 'float32'), [batch, 1, 1]),
    y: expand(fold(binary('Div', along(d, e, f), divisor), height, fillMode), [batch, rows, cols]),
    x: expand(fold(binary('Div', along(a, b, c), divisor), width, fillMode), [batch, rows, cols]),
  };
  const images = cast(image, 'float32');
  const fill = number(fillValue);
  const read: Read = (at) => choose(inside(images, at), pixels(images, at), fill);
  const sampled = sample(read, places, interpolation);
  return cast(choose(unsqueeze(infinite, [infinite.rank]), fill, sampled), image.dtype);
}

const crops = {
  image: { shape: [2, 4, 5, 2] },
  boxes: { shape: [3, 4], values: [0, 0, 1, 1, 0.2, 0.1, 0.7, 0.9, -0.3, 0.4, 1.2, 0.3] },
  which: { shape: [3], dtype: 'int32', values: [1, 0, 1] },
} as const;

function cropCase(name: string, size: [number, number], method: 'bilinear' | 'nearest'): LoweringCase {
  return {
    name,
    inputs: crops,
    run: ({ image, boxes, which }) =>
      tf.image.cropAndResize(image as tf.Tensor4D, boxes as tf.Tensor2D, which as tf.Tensor1D, size, method, 7),
  };
}

function transformCase(
  fillMode: TransformAttributes['fillMode'],
  method: 'bilinear' | 'nearest',
  matrix: readonly number[],
): LoweringCase {
  return {
    name: `${fillMode}, ${method}`,
    inputs: { image: { shape: [1, 5, 4, 2] }, matrix: { shape: [1, 8], values: matrix } },
    run: ({ image, matrix }) =>
      tf.image.transform(image as tf.Tensor4D, matrix as tf.Tensor2D, method, fillMode, 0.5, [5, 4]),
  };
}

const rotated = [0.81, -0.57, 1.33, 0.57, 0.81, -1.71, 0, 0];
const projected = [2.3, 0.3, -6.1, -0.2, 2.9, -7.3, 0.02, -0.03];

/** Kernels that read images at computed places. */
export const sampling: readonly Lowering[] = [
  lowering<{ image: Value; boxes: Value; boxInd: Value }, CropAttributes>('CropAndResize', cropAndResize, [
    cropCase('bilinear, partly outside', [3, 6], 'bilinear'),
    cropCase('nearest', [3, 6], 'nearest'),
    cropCase('one pixel', [1, 1], 'bilinear'),
    {
      // In float32 13 steps of 7 / 13 end beyond 7.
      name: 'the whole image, to the border',
      inputs: {
        image: { shape: [1, 8, 8, 1] },
        boxes: { shape: [1, 4], values: [0, 0, 1, 1] },
        which: { shape: [1], dtype: 'int32', values: [0] },
      },
      run: ({ image, boxes, which }) =>
        tf.image.cropAndResize(
          image as tf.Tensor4D,
          boxes as tf.Tensor2D,
          which as tf.Tensor1D,
          [14, 14],
          'bilinear',
          7,
        ),
    },
  ]),
  lowering<{ image: Value; transforms: Value }, TransformAttributes>('Transform', transform, [
    transformCase('constant', 'nearest', rotated),
    transformCase('constant', 'bilinear', projected),
    transformCase('reflect', 'bilinear', projected),
    transformCase('wrap', 'bilinear', projected),
    transformCase('nearest', 'bilinear', projected),
  ]),
];
