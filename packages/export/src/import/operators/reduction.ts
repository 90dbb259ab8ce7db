import { tf } from '../../tfjs.js';
import type { Call } from '../call.js';
import { OnnxImportError } from '../model/errors.js';
import { Known } from '../model/known.js';
import { takeAlong } from './indexing.js';
import { type Operator, operator } from './operator.js';
import { untaped } from './untaped.js';

type Reduce = (x: tf.Tensor, axes: number[]) => tf.Tensor;

/** Axes became an input in opset 13 (ReduceSum) and 18 (the others). */
function reduction(op: string, reduce: Reduce, since = 18): Operator {
  return operator(
    op,
    (call) => {
      const given = call.numbers(1, call.opset < since ? 'axes' : undefined);
      const keep = call.int('keepdims', 1) === 1;
      const nothing = call.int('noop_with_empty_axes', 0) === 1;
      const x = call.tensor(0);
      const all = x.shape.map((_, axis) => axis);
      if (!given?.length && nothing) return x;
      const axes = given?.length ? given.map((axis) => call.axis(axis)) : all;
      const reduced = reduce(x, axes);
      return keep
        ? tf.reshape(
            reduced,
            x.shape.map((n, axis) => (axes.includes(axis) ? 1 : n)),
          )
        : reduced;
    },
    { constants: [1], known: op === 'ReduceProd' ? knownProduct : undefined },
  );
}

/** The number of elements, as exporters compute it from a shape. */
function knownProduct(call: Call): Known {
  const { dtype, data } = call.known(0);
  const keep = call.int('keepdims', 1) === 1;
  call.ignore('axes', 'noop_with_empty_axes');
  return new Known(dtype, keep ? [1] : [], [Array.from(data).reduce((product, n) => product * n, 1)]);
}

/** The extreme of no numbers at all is that which every number exceeds; tfjs says NaN. */
function extreme(reduce: Reduce, ofNothing: number): Reduce {
  return (x, axes) => {
    if (axes.every((axis) => x.shape[axis] !== 0)) return reduce(x, axes);
    if (x.dtype !== 'float32')
      throw new OnnxImportError(`an extreme of no numbers of type ${x.dtype} is not supported`);
    return tf.fill(
      x.shape.filter((_, axis) => !axes.includes(axis)),
      ofNothing,
    );
  };
}

function logSumExp(x: tf.Tensor, axes: number[]): tf.Tensor {
  return tf.logSumExp(x, axes);
}

function argument(op: string, find: (x: tf.Tensor, axis: number) => tf.Tensor): Operator {
  return operator(op, (call) => {
    const axis = call.axis(call.int('axis', 0));
    const keep = call.int('keepdims', 1) === 1;
    const last = call.int('select_last_index', 0) === 1;
    const x = call.tensor(0);
    const n = x.shape[axis]!;
    const indices = untaped(() => {
      const found = last ? tf.sub(n - 1, find(tf.reverse(x, axis), axis)) : find(x, axis);
      return tf.cast(found, 'int32');
    });
    return keep ? tf.expandDims(indices, axis) : indices;
  });
}

/** Before opset 13 softmax runs over all axes from `axis` on, as one. */
function softmax(op: string, f: (x: tf.Tensor) => tf.Tensor): Operator {
  return operator(op, (call) => {
    const x = call.tensor(0);
    const axis = call.axis(call.int('axis', call.opset < 13 ? 1 : -1));
    if (call.opset < 13) {
      const rows = x.shape.slice(0, axis).reduce((product, n) => product * n, 1);
      return tf.reshape(f(tf.reshape(x, [rows, -1])), x.shape);
    }
    return alongLast(x, axis, f);
  });
}

function hardmax(x: tf.Tensor): tf.Tensor {
  return untaped(() => tf.cast(tf.oneHot(tf.argMax(x, -1), x.shape.at(-1)!), 'float32'));
}

/** The k largest (or smallest) along an axis, in order; the values have gradients, the indices none. */
function topK(call: Call): tf.Tensor[] {
  const x = call.tensor(0);
  const axis = call.axis(call.int('axis', -1));
  const largest = call.int('largest', 1) === 1;
  call.ignore('sorted', 'k');
  const k = call.opset < 10 ? call.int('k', 1) : call.number(1)!;
  if (k > x.shape[axis]!) throw call.fault(`wants ${k} of ${x.shape[axis]} elements`);
  const perm = [...x.shape.map((_, i) => i).filter((i) => i !== axis), axis];
  const last = tf.transpose(x, perm);
  const indices = untaped(() => tf.cast(tf.topk(largest ? last : tf.neg(last), k, true).indices, 'int32'));
  const back = perm.map((_, i) => perm.indexOf(i));
  const values = takeAlong(last, indices, x.rank - 1);
  return [tf.transpose(values, back), tf.transpose(indices, back)];
}

function cumulative(call: Call): tf.Tensor {
  const x = call.tensor(0);
  const axis = call.axis(call.number(1)!);
  const [exclusive, reverse] = [call.int('exclusive', 0) === 1, call.int('reverse', 0) === 1];
  return alongLast(x, axis, (last) => tf.cumsum(last, x.rank - 1, exclusive, reverse));
}

/** Products of all elements up to each one; tfjs's cumprod has no gradient. */
function products(call: Call): tf.Tensor {
  const x = call.tensor(0);
  const axis = call.axis(call.number(1)!);
  const [exclusive, reverse] = [call.int('exclusive', 0) === 1, call.int('reverse', 0) === 1];
  const n = x.shape[axis]!;
  if (n === 0) return x;
  // tfjs's split has no right gradient where a part is not used.
  const size = x.shape.map((length, i) => (i === axis ? 1 : length));
  const parts = Array.from({ length: n }, (_, at) =>
    tf.slice(
      x,
      size.map((__, i) => (i === axis ? at : 0)),
      size,
    ),
  );
  if (reverse) parts.reverse();
  const running: tf.Tensor[] = exclusive ? [tf.onesLike(parts[0]!)] : [parts[0]!];
  while (running.length < n)
    running.push(tf.mul(running.at(-1)!, parts[exclusive ? running.length - 1 : running.length]!));
  return tf.concat(reverse ? running.reverse() : running, axis);
}

/** Runs `f` over the last axis, the only one for which tfjs's softmax and its gradient of running sums are right. */
function alongLast(x: tf.Tensor, axis: number, f: (last: tf.Tensor) => tf.Tensor): tf.Tensor {
  if (axis === x.rank - 1) return f(x);
  const perm = [...x.shape.map((_, i) => i).filter((i) => i !== axis), axis];
  return tf.transpose(
    f(tf.transpose(x, perm)),
    perm.map((_, i) => perm.indexOf(i)),
  );
}

const square = (x: tf.Tensor): tf.Tensor => tf.mul(x, x);

/** Sums, extremes and the like along axes. */
export const reductions: readonly Operator[] = [
  reduction('ReduceSum', (x, axes) => tf.sum(x, axes), 13),
  reduction('ReduceMean', (x, axes) => tf.mean(x, axes)),
  reduction(
    'ReduceMax',
    extreme((x, axes) => tf.max(x, axes), Number.NEGATIVE_INFINITY),
  ),
  reduction(
    'ReduceMin',
    extreme((x, axes) => tf.min(x, axes), Number.POSITIVE_INFINITY),
  ),
  reduction('ReduceProd', (x, axes) => tf.prod(x, axes)),
  reduction('ReduceL1', (x, axes) => tf.sum(tf.abs(x), axes)),
  reduction('ReduceL2', (x, axes) => tf.sqrt(tf.sum(square(x), axes))),
  reduction('ReduceSumSquare', (x, axes) => tf.sum(square(x), axes)),
  reduction('ReduceLogSum', (x, axes) => tf.log(tf.sum(x, axes))),
  reduction('ReduceLogSumExp', extreme(logSumExp, Number.NEGATIVE_INFINITY)),
  argument('ArgMax', (x, axis) => tf.argMax(x, axis)),
  argument('ArgMin', (x, axis) => tf.argMin(x, axis)),
  softmax('Softmax', (x) => tf.softmax(x)),
  softmax('LogSoftmax', (x) => tf.logSoftmax(x)),
  softmax('Hardmax', hardmax),
  operator('TopK', topK, { constants: [1] }),
  operator('CumSum', cumulative, { constants: [1] }),
  operator('CumProd', products, { constants: [1] }),
];
