import { tf } from '../../tfjs.js';
import type { Call } from '../call.js';
import { type Datum, Known, stridesOf, tensorOf } from '../model/known.js';
import { elementType } from '../model/tensor-data.js';
import { type Operator, operator } from './operator.js';
import { untaped } from './untaped.js';

/** Indices counted from the front: ONNX counts negative ones from the end. */
function fromFront(indices: Datum, size: number | tf.Tensor): tf.Tensor {
  if (indices instanceof Known && typeof size === 'number') {
    const data = Array.from(indices.data, (i) => (i < 0 ? i + size : i));
    return tensorOf(new Known('int32', indices.shape, data));
  }
  return untaped(() => {
    const at = tf.cast(tensorOf(indices), 'int32');
    const end = typeof size === 'number' ? tf.scalar(size, 'int32') : size;
    return tf.where(tf.less(at, tf.scalar(0, 'int32')), tf.add(at, end), at);
  });
}

function gather(call: Call): tf.Tensor {
  const axis = call.axis(call.int('axis', 0));
  const x = call.tensor(0);
  const given = call.datum(1);
  const shape = [...x.shape.slice(0, axis), ...given.shape, ...x.shape.slice(axis + 1)];
  const one = given instanceof Known && given.size === 1 ? given.data[0]! : undefined;
  const size = x.shape[axis]!;
  // A slice, since its gradient is a padding: that of a gather scatters number by number.
  if (one !== undefined && one >= -size && one < size) {
    const at = x.shape.map((_, i) => (i === axis ? (one + size) % size : 0));
    const whole = x.shape.map((n, i) => (i === axis ? 1 : n));
    return tf.reshape(tf.slice(x, at, whole), shape);
  }
  const indices = fromFront(given, size);
  // tfjs gathers by one list; a scalar takes the axis away.
  const taken = tf.gather(x, tf.reshape(indices, [-1]), axis);
  return tf.reshape(taken, shape);
}

function knownGather(call: Call): Datum {
  const [x, indices] = [call.known(0), call.known(1)];
  if (x.rank !== 1) return gather(call);
  call.axis(call.int('axis', 0));
  const data = Array.from(indices.data, (i) => {
    const value = x.data[i < 0 ? i + x.size : i];
    if (value === undefined) throw call.fault(`has index ${i} for ${x.size} numbers`);
    return value;
  });
  return new Known(x.dtype, indices.shape, data);
}

/** Places in the flat array of the elements that `indices` names along the axis. */
function placesAlong(shape: readonly number[], indices: tf.Tensor, axis: number): tf.Tensor {
  const strides = stridesOf(shape);
  let places = tf.mul(indices, tf.scalar(strides[axis]!, 'int32'));
  for (const [other, n] of indices.shape.entries()) {
    if (other === axis || n === 1) continue;
    const steps = Array.from({ length: n }, (_, i) => i * strides[other]!);
    const form = indices.shape.map((_, i) => (i === other ? n : 1));
    places = tf.add(places, tf.tensor(steps, form, 'int32'));
  }
  return places;
}

/** The elements that `indices` names along the axis; gradients flow to the elements. */
export function takeAlong(x: tf.Tensor, indices: tf.Tensor, axis: number): tf.Tensor {
  const places = placesAlong(x.shape, indices, axis);
  return tf.reshape(tf.gather(tf.reshape(x, [-1]), tf.reshape(places, [-1])), indices.shape);
}

function gatherElements(call: Call): tf.Tensor {
  const axis = call.axis(call.int('axis', 0));
  const x = call.tensor(0);
  return takeAlong(x, fromFront(call.datum(1), x.shape[axis]!), axis);
}

/** The first place of each row that an index tuple names: the last axis of `indices` holds the tuples. */
function rowPlaces(shape: readonly number[], indices: Datum, depth: number): tf.Tensor {
  const sizes = tf.tensor1d(shape.slice(0, depth), 'int32');
  const at = indices instanceof Known ? fromFront(tensorOf(indices), sizes) : fromFront(indices, sizes);
  const strides = tf.tensor1d(stridesOf(shape.slice(0, depth)), 'int32');
  return tf.cast(tf.sum(tf.mul(at, strides), -1), 'int32');
}

function gatherND(call: Call): tf.Tensor {
  const x = call.tensor(0);
  const batch = call.int('batch_dims', 0);
  const indices = call.datum(1);
  const depth = indices.shape.at(-1)!;
  const inner = x.shape.slice(batch, batch + depth);
  const rest = x.shape.slice(batch + depth);
  const product = (sizes: readonly number[]): number => sizes.reduce((all, n) => all * n, 1);
  let places = rowPlaces(inner, indices, depth);
  const batches = product(x.shape.slice(0, batch));
  if (batch > 0) {
    const offsets = Array.from({ length: batches }, (_, i) => i * product(inner));
    places = tf.add(tf.reshape(places, [batches, -1]), tf.tensor2d(offsets, [batches, 1], 'int32'));
  }
  const rows = tf.reshape(x, [batches * product(inner), product(rest)]);
  return tf.reshape(tf.gather(rows, tf.reshape(places, [-1])), [...indices.shape.slice(0, -1), ...rest]);
}

/** Puts updates at places of the flat array (or adds them); places occur once unless they are added. */
function scattered(call: Call, x: tf.Tensor, places: tf.Tensor, updates: tf.Tensor): tf.Tensor {
  const how = call.text('reduction', 'none');
  if (how !== 'none' && how !== 'add') throw call.fault(`joins updates by '${how}'; only 'add' has a gradient here`);
  const [size, width] = [x.shape[0]!, x.shape[1]!];
  const sums = tf.unsortedSegmentSum(updates, places as tf.Tensor1D, size);
  if (how === 'add') return tf.add(x, sums);
  const ones = tf.ones([updates.shape[0]!, 1]);
  const hit = tf.greater(tf.unsortedSegmentSum(ones, places as tf.Tensor1D, size), 0);
  return tf.where(tf.broadcastTo(hit, [size, width]), sums, x);
}

function scatterElements(call: Call): tf.Tensor {
  const axis = call.axis(call.int('axis', 0));
  const x = call.tensor(0);
  const indices = fromFront(call.datum(1), x.shape[axis]!);
  const places = tf.reshape(placesAlong(x.shape, indices, axis), [-1]);
  const result = scattered(call, tf.reshape(x, [-1, 1]), places, tf.reshape(call.tensor(2), [-1, 1]));
  return tf.reshape(result, x.shape);
}

function scatterND(call: Call): tf.Tensor {
  const x = call.tensor(0);
  const indices = call.datum(1);
  const depth = indices.shape.at(-1)!;
  const places = tf.reshape(rowPlaces(x.shape, indices, depth), [-1]);
  const width = x.shape.slice(depth).reduce((product, n) => product * n, 1);
  const result = scattered(call, tf.reshape(x, [-1, width]), places, tf.reshape(call.tensor(2), [-1, width]));
  return tf.reshape(result, x.shape);
}

function oneHot(call: Call): tf.Tensor {
  const depth = call.number(1)!;
  const rank = call.shape().length + 1;
  const axis = call.axis(call.int('axis', -1), rank);
  const [off, on] = call.known(2).numbers() as [number, number];
  const values = call.known(2).dtype;
  call.room([...call.shape(), depth]);
  const classes = tf.reshape(
    tf.range(0, depth, 1, 'int32'),
    Array.from({ length: rank }, (_, i) => (i === axis ? depth : 1)),
  );
  const indices = tf.expandDims(fromFront(tf.cast(call.tensor(0), 'int32'), depth), axis);
  const hit = untaped(() => tf.equal(indices, classes));
  return tf.where(hit, tf.fill(hit.shape, on, values), tf.fill(hit.shape, off, values));
}

/** The part above or below a diagonal of the last two axes. */
function triangle(call: Call): tf.Tensor {
  const x = call.tensor(0);
  const upper = call.int('upper', 1) === 1;
  const k = call.number(1) ?? 0;
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  const row = tf.reshape(tf.range(0, rows, 1, 'int32'), [rows, 1]);
  const column = tf.reshape(tf.range(0, columns, 1, 'int32'), [1, columns]);
  const edge = tf.add(row, tf.scalar(k, 'int32'));
  const kept = upper ? tf.greaterEqual(column, edge) : tf.lessEqual(column, edge);
  return tf.where(tf.broadcastTo(tf.cast(kept, 'int32'), x.shape).cast('bool'), x, tf.zerosLike(x));
}

function identityMatrix(call: Call): tf.Tensor {
  const [rows, columns] = call.room(call.shape()) as [number, number];
  const k = call.int('k', 0);
  const code = call.int('dtype', 0);
  const row = tf.reshape(tf.range(0, rows, 1, 'int32'), [rows, 1]);
  const column = tf.reshape(tf.range(0, columns, 1, 'int32'), [1, columns]);
  const type = code === 0 ? call.datum(0).dtype : elementType(code, 'the result of an EyeLike').tfjs;
  return tf.cast(tf.equal(column, tf.add(row, tf.scalar(k, 'int32'))), type as 'float32');
}

/** Elements by their indices. */
export const indexing: readonly Operator[] = [
  operator('Gather', gather, { known: knownGather }),
  operator('GatherElements', gatherElements),
  operator('GatherND', gatherND),
  operator('ScatterElements', scatterElements),
  // Its name before opset 11.
  operator('Scatter', scatterElements),
  operator('ScatterND', scatterND),
  operator('OneHot', oneHot, { constants: [1, 2] }),
  operator('Trilu', triangle, { constants: [1] }),
  operator('EyeLike', identityMatrix, { shapesOnly: true }),
];
