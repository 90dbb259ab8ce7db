import { tf } from '../../tfjs.js';
import type { Call } from '../call.js';
import { type Datum, Known, stridesOf } from '../model/known.js';
import { elementType } from '../model/tensor-data.js';
import { type Operator, operator } from './operator.js';

/** The sizes that a Reshape asks for: 0 keeps a size (unless `allowzero`), -1 is what is left. */
function reshaped(call: Call): number[] {
  const shape = call.shape();
  const keep = call.int('allowzero', 0) === 0;
  const wanted = call.known(1).numbers();
  const sizes = wanted.map((n, axis) => (n === 0 && keep ? shape[axis] : n));
  const size = shape.reduce((product, n) => product * n, 1);
  const told = sizes.filter((n) => n !== -1).reduce<number>((product, n) => product * (n ?? Number.NaN), 1);
  const result = sizes.map((n) => (n === -1 ? size / told : n!));
  const fits = result.reduce((product, n) => product * n, 1) === size && result.every((n) => Number.isInteger(n));
  if (!fits) throw call.fault(`can't make [${shape}] into [${wanted}]`);
  return result;
}

function flattened(call: Call): number[] {
  const shape = call.shape();
  const axis = call.int('axis', 1);
  const at = axis < 0 ? axis + shape.length : axis;
  const product = (sizes: readonly number[]): number => sizes.reduce((all, n) => all * n, 1);
  return [product(shape.slice(0, at)), product(shape.slice(at))];
}

function squeezed(call: Call): number[] {
  const shape = call.shape();
  const given = call.numbers(1, call.opset < 13 ? 'axes' : undefined);
  const axes = given?.map((axis) => call.axis(axis)) ?? shape.flatMap((n, axis) => (n === 1 ? [axis] : []));
  const long = axes.find((axis) => shape[axis] !== 1);
  if (long !== undefined)
    throw call.fault(`can't take away axis ${long} of [${shape}], which has ${shape[long]} elements`);
  return shape.filter((_, axis) => !axes.includes(axis));
}

function unsqueezed(call: Call): number[] {
  const given = call.numbers(1, call.opset < 13 ? 'axes' : undefined);
  if (!given) throw call.fault('lacks its axes');
  const rank = call.shape().length + given.length;
  const axes = new Set(given.map((axis) => call.axis(axis, rank)));
  const sizes = [...call.shape()];
  return Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : sizes.shift()!));
}

/** An operator that gives the same numbers another shape. */
function reshaping(op: string, shapeOf: (call: Call) => number[], constants: readonly number[] = []): Operator {
  return operator(
    op,
    (call) => {
      const shape = shapeOf(call);
      return tf.reshape(call.tensor(0), shape);
    },
    {
      constants,
      known: (call) => {
        const { dtype, data } = call.known(0);
        return new Known(dtype, shapeOf(call), data);
      },
    },
  );
}

function transpose(call: Call): Datum {
  const rank = call.shape().length;
  const given = call.ints('perm');
  const perm = given ? [...given] : Array.from({ length: rank }, (_, i) => rank - 1 - i);
  if (perm.length !== rank) throw call.fault(`orders ${perm.length} axes, but its input has ${rank}`);
  return tf.transpose(call.tensor(0), perm);
}

function concat(call: Call): tf.Tensor {
  const tensors = call.tensors();
  const axis = call.axis(call.int('axis', 0), tensors[0]!.rank);
  // Empty parts come from caches that are empty at first.
  const parts = tensors.filter(({ shape }) => shape[axis] !== 0);
  if (parts.length === 0) return tensors[0]!;
  return parts.length === 1 ? parts[0]! : tf.concat(parts, axis);
}

function knownConcat(call: Call): Known | tf.Tensor {
  const parts = call.inputs.map((_, i) => call.known(i));
  if (parts.some(({ rank }) => rank !== 1)) return concat(call);
  call.axis(call.int('axis', 0), 1);
  return Known.list(
    parts.flatMap((part) => part.numbers()),
    parts[0]!.dtype,
  );
}

function split(call: Call): tf.Tensor[] {
  const x = call.tensor(0);
  const axis = call.axis(call.int('axis', 0));
  const count = call.node.outputs.length;
  const said = call.int('num_outputs', count);
  if (said !== count) throw call.fault(`has num_outputs = ${said} and ${count} outputs`);
  const given = call.numbers(1, call.opset < 13 ? 'split' : undefined);
  const part = Math.ceil(x.shape[axis]! / count);
  const even = Array.from({ length: count }, (_, i) => Math.max(0, Math.min(part, x.shape[axis]! - i * part)));
  const sizes = given ?? even;
  if (sizes.reduce((sum, n) => sum + n, 0) !== x.shape[axis]) {
    throw call.fault(`can't split ${x.shape[axis]} elements into ${sizes.join(' + ')}`);
  }
  return tf.split(x, sizes, axis);
}

interface Range {
  readonly axis: number;
  readonly begin: number;
  readonly step: number;
  readonly count: number;
}

function ranges(call: Call): Range[] {
  const shape = call.shape();
  const old = call.opset < 10;
  const starts = old ? call.ints('starts') : call.known(1).numbers();
  const ends = old ? call.ints('ends') : call.known(2).numbers();
  const axes = old ? call.ints('axes') : call.numbers(3);
  const steps = old ? undefined : call.numbers(4);
  if (!starts || !ends || starts.length !== ends.length) throw call.fault('lacks where to begin or to end');
  return starts.map((start, i) => {
    const axis = call.axis(axes?.[i] ?? i);
    const size = shape[axis]!;
    const step = steps?.[i] ?? 1;
    if (step === 0) throw call.fault('has a step of 0');
    const clamp = (n: number, low: number, high: number): number => Math.max(low, Math.min(high, n < 0 ? n + size : n));
    const [begin, end] =
      step > 0
        ? [clamp(start, 0, size), clamp(ends[i]!, 0, size)]
        : [clamp(start, 0, size - 1), clamp(ends[i]!, -1, size - 1)];
    return { axis, begin, step, count: Math.max(0, Math.ceil((end - begin) / step)) };
  });
}

const indicesOf = ({ begin, step, count }: Range): number[] =>
  Array.from({ length: count }, (_, i) => begin + i * step);

/** Elements in a row as a slice, others by their indices: tfjs has no gradient of strided slices. */
function slice(call: Call): tf.Tensor {
  let x = call.tensor(0);
  const wanted = ranges(call);
  const begin = x.shape.map(() => 0);
  const size = [...x.shape];
  for (const { axis, begin: at, step, count } of wanted) {
    if (step === 1) [begin[axis], size[axis]] = [at, count];
  }
  if (!size.every((n, axis) => n === x.shape[axis])) x = tf.slice(x, begin, size);
  for (const range of wanted) {
    if (range.step !== 1) x = tf.gather(x, tf.tensor1d(indicesOf(range), 'int32'), range.axis);
  }
  return x;
}

function knownSlice(call: Call): Datum {
  const known = call.known(0);
  if (known.rank !== 1) return slice(call);
  const [range] = ranges(call);
  return range
    ? Known.list(
        indicesOf(range).map((i) => known.data[i]!),
        known.dtype,
      )
    : known;
}

/**
 * Spreads to a shape that may be of higher rank, and smaller along axes of one element. By a product with ones: tfjs's own spreading
 * is another operation for a batch of one, which no graph of any size could hold.
 */
function expand(call: Call): tf.Tensor {
  const x = call.tensor(0);
  const shape = call.room(tf.broadcast_util.assertAndGetBroadcastShape(x.shape, call.known(1).numbers()));
  if (x.dtype === 'bool') return tf.logicalAnd(x, tf.ones(shape, 'bool'));
  return tf.mul(x, tf.ones(shape, x.dtype as 'float32'));
}

/** Most numbers that are spread as numbers: more are no sizes. */
const LARGEST_KNOWN = 2 ** 16;

function knownExpand(call: Call): Datum {
  const known = call.known(0);
  const shape = tf.broadcast_util.assertAndGetBroadcastShape([...known.shape], call.known(1).numbers());
  const size = shape.reduce((product, n) => product * n, 1);
  if (size > LARGEST_KNOWN) return expand(call);
  const strides = stridesOf(known.shape);
  const missing = shape.length - known.rank;
  const places = stridesOf(shape);
  const data = Array.from({ length: size }, (_, at) => {
    const from = known.shape.reduce((sum, n, axis) => {
      const index = Math.floor(at / places[axis + missing]!) % shape[axis + missing]!;
      return sum + (n === 1 ? 0 : index) * strides[axis]!;
    }, 0);
    return known.data[from]!;
  });
  return new Known(known.dtype, shape, data);
}

/** Copies along each axis by their indices: tfjs's own gradient of tile ends at four axes. */
function tile(call: Call): tf.Tensor {
  let x = call.tensor(0);
  const repeats = call.known(1).numbers();
  if (repeats.length !== x.rank) throw call.fault(`repeats ${repeats.length} axes, but its input has ${x.rank}`);
  call.room(x.shape.map((n, axis) => n * repeats[axis]!));
  for (const [axis, times] of repeats.entries()) {
    if (times === 1) continue;
    const n = x.shape[axis]!;
    x = tf.gather(
      x,
      tf.tensor1d(
        Array.from({ length: n * times }, (_, i) => i % n),
        'int32',
      ),
      axis,
    );
  }
  return x;
}

/** Whole numbers are sizes and shapes, and so known; others may be as many as a batch has, at every size alike. */
function filled(call: Call): Datum {
  const shape = call.room(call.known(0).numbers());
  const value = call.constant('value') ?? new Known('float32', [1], [0]);
  if (value.dtype !== 'int32') return tf.fill(shape, value.data[0]!, value.dtype);
  const size = shape.reduce((product, n) => product * n, 1);
  return new Known(value.dtype, shape, new Array<number>(size).fill(value.data[0]!));
}

function range(call: Call): Known {
  call.ignore('stash_type');
  const [start, limit, step] = [call.number(0)!, call.number(1)!, call.number(2)!];
  const count = Math.max(0, Math.ceil((limit - start) / step));
  call.room([count]);
  return Known.list(
    Array.from({ length: count }, (_, i) => start + i * step),
    call.known(0).dtype,
  );
}

function shapeOf(call: Call): Known {
  const shape = call.shape();
  const rank = shape.length;
  const from = call.int('start', 0);
  const to = call.int('end', rank);
  return Known.list(shape.slice(from, to));
}

/** Blocks of the channels become blocks of the image: `DCR` orders [block, block, channel], `CRD` [channel, block, block]. */
function depthToSpace(call: Call): tf.Tensor {
  const [n, c, h, w] = call.shape() as [number, number, number, number];
  const block = call.int('blocksize', 1);
  const mode = call.text('mode', 'DCR');
  const out = c / block ** 2;
  const crd = mode === 'CRD';
  const x = tf.reshape(call.tensor(0), crd ? [n * out, block, block, h, w] : [n, block, block, out, h, w]);
  const moved = crd ? tf.transpose(x, [0, 3, 1, 4, 2]) : tf.transpose(x, [0, 3, 4, 1, 5, 2]);
  return tf.reshape(moved, [n, out, h * block, w * block]);
}

function spaceToDepth(call: Call): tf.Tensor {
  const [n, c, h, w] = call.shape() as [number, number, number, number];
  const block = call.int('blocksize', 1);
  const mode = call.text('mode', 'DCR');
  if (mode !== 'DCR' && mode !== 'CRD') throw call.fault(`orders its blocks by ${mode}, which is not supported`);
  const x = tf.reshape(call.tensor(0), [n, c, h / block, block, w / block, block]);
  return tf.reshape(tf.transpose(x, mode === 'CRD' ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4]), [
    n,
    c * block ** 2,
    h / block,
    w / block,
  ]);
}

function cast(call: Call): Datum {
  const { tfjs } = elementType(call.int('to', 1), `the result of Cast '${call.node.name}'`);
  call.ignore('saturate', 'round_mode');
  return castTo(call.datum(0), tfjs);
}

function castLike(call: Call): Datum {
  call.ignore('saturate', 'round_mode');
  return castTo(call.datum(0), call.datum(1).dtype as Known['dtype']);
}

function castTo(x: Datum, type: Known['dtype']): Datum {
  if (x instanceof Known) return castKnown(x, type);
  if (type === 'bool') return tf.notEqual(x, tf.zerosLike(x));
  return tf.cast(x, type);
}

function castKnown({ shape, data }: Known, type: Known['dtype']): Known {
  const convert = { float32: (n: number) => n, int32: Math.trunc, bool: (n: number) => (n ? 1 : 0) }[type];
  return new Known(type, shape, Array.from(data, convert));
}

/** Shapes, and moving elements without changing them. */
export const shaping: readonly Operator[] = [
  reshaping('Reshape', reshaped, [1]),
  reshaping('Flatten', flattened),
  reshaping('Squeeze', squeezed, [1]),
  reshaping('Unsqueeze', unsqueezed, [1]),
  operator('Transpose', transpose),
  operator('Concat', concat, { known: knownConcat }),
  operator('Split', split, { constants: [1] }),
  operator('Slice', slice, { known: knownSlice, constants: [1, 2, 3, 4] }),
  operator('Expand', expand, { constants: [1], known: knownExpand }),
  operator('Tile', tile, { constants: [1] }),
  operator('Shape', shapeOf, { known: shapeOf, shapesOnly: true }),
  operator('Size', (call) => Known.scalar(call.shape().reduce((product, n) => product * n, 1)), { shapesOnly: true }),
  operator('ConstantOfShape', filled, { constants: [0] }),
  operator('Range', range, { constants: [0, 1, 2] }),
  operator('DepthToSpace', depthToSpace),
  operator('SpaceToDepth', spaceToDepth),
  operator('Cast', cast, { known: cast }),
  operator('CastLike', castLike, { known: castLike }),
];
