import { tf } from '../../tfjs.js';
import type { Call } from '../call.js';
import { Known, stridesOf, type TensorType } from '../model/known.js';
import { type Operator, operator } from './operator.js';
import { untaped } from './untaped.js';

type OfNumbers = (a: number, b: number) => number;

/** The shape to which both can be spread. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  return tf.broadcast_util.assertAndGetBroadcastShape([...a], [...b]);
}

/** The numbers spread to a shape. */
function spread({ dtype, shape, data }: Known, to: readonly number[]): Known {
  const strides = stridesOf(shape);
  const lead = to.length - shape.length;
  const outer = stridesOf(to);
  const size = to.reduce((product, n) => product * n, 1);
  const numbers = Array.from({ length: size }, (_, i) => {
    let offset = 0;
    for (let axis = 0; axis < shape.length; axis++) {
      const n = to[axis + lead]!;
      const at = Math.floor(i / outer[axis + lead]!) % n;
      offset += shape[axis] === 1 ? 0 : at * strides[axis]!;
    }
    return data[offset]!;
  });
  return new Known(dtype, to, numbers);
}

function pairs(a: Known, b: Known, f: OfNumbers, type: TensorType = a.dtype): Known {
  const shape = broadcastShape(a.shape, b.shape);
  const [left, right] = [spread(a, shape), spread(b, shape)];
  return new Known(
    type,
    shape,
    Array.from(left.data, (x, i) => f(x, right.data[i]!)),
  );
}

function pairwise(
  op: string,
  f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  of: OfNumbers,
  type?: TensorType,
): Operator {
  return operator(
    op,
    (call) => {
      call.ignore('broadcast', 'axis');
      const [a, b] = [call.tensor(0), call.tensor(1)];
      return type === 'bool' ? untaped(() => f(a, b)) : f(a, b);
    },
    {
      known: (call) => {
        call.ignore('broadcast', 'axis');
        return pairs(call.known(0), call.known(1), of, type ?? call.known(0).dtype);
      },
    },
  );
}

/** ONNX's quotient of whole numbers is cut off, tfjs's is rounded down. */
function divide(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  if (a.dtype !== 'int32') return tf.div(a, b);
  const quotient = tf.floorDiv(a, b) as tf.Tensor;
  const rest = tf.sub(a, tf.mul(quotient, b));
  const upwards = tf.logicalAnd(tf.notEqual(rest, 0), tf.less(quotient, 0));
  return tf.add(quotient, tf.cast(upwards, 'int32'));
}

const integerKnown = (call: Call): boolean => call.known(0).dtype !== 'float32';

/** `a - floor(a / b) * b`; an infinite `b` leaves an `a` of its own sign, which the formula makes NaN of. */
function flooredModulo(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  if (b.dtype !== 'float32') return tf.mod(a, b);
  const zero = tf.zerosLike(b);
  const endless = untaped(() => tf.logicalAnd(tf.isInf(b), tf.isFinite(a)));
  const opposite = untaped(() => tf.less(tf.mul(tf.sign(a), tf.sign(b)), zero));
  const rest = tf.mod(a, tf.where(endless, tf.onesLike(b), b));
  return tf.where(endless, tf.where(opposite, b, a), rest);
}

function modulo(call: Call): tf.Tensor {
  const cut = call.int('fmod', 0) === 1;
  const [a, b] = [call.tensor(0), call.tensor(1)];
  if (!cut) return call.datum(1) instanceof Known ? tf.mod(a, b) : flooredModulo(a, b);
  // The remainder has the sign of the dividend, as C's fmod.
  const rest = tf.mod(tf.abs(a), tf.abs(b));
  return tf.where(
    untaped(() => tf.less(a, tf.zerosLike(a))),
    tf.neg(rest),
    rest,
  );
}

function power(call: Call): tf.Tensor {
  const [base, exponent] = [call.datum(0), call.datum(1)];
  const x = call.tensor(0);
  // Squares and the like as products: exact, and their gradients know no logarithm.
  if (exponent instanceof Known && exponent.size === 1 && exponent.rank <= base.shape.length) {
    const n = exponent.data[0]!;
    if (n === 1) return x;
    if (n === 2) return tf.mul(x, x);
    if (n === 3) return tf.mul(tf.mul(x, x), x);
    if (n === 0.5) return tf.sqrt(x);
    if (n === -1) return tf.div(1, x);
  }
  // tfjs refuses powers of two types.
  const n = call.tensor(1);
  const type = x.dtype === n.dtype ? x.dtype : 'float32';
  return tf.cast(tf.pow(tf.cast(x, type), tf.cast(n, type)), x.dtype);
}

function variadic(op: string, join: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor, of: OfNumbers): Operator {
  return operator(op, (call) => call.tensors().reduce(join), {
    known: (call) => call.inputs.map((_, i) => call.known(i)).reduce((a, b) => pairs(a, b, of)),
  });
}

/** Both at the shape of the result: tfjs's gradients of extremes do not sum over what was spread. */
function spreadBoth(a: tf.Tensor, b: tf.Tensor): [tf.Tensor, tf.Tensor] {
  const shape = broadcastShape(a.shape, b.shape);
  const full = (x: tf.Tensor): tf.Tensor => (equal(x.shape, shape) ? x : tf.broadcastTo(x, shape));
  return [full(a), full(b)];
}

const asBool = (x: tf.Tensor): tf.Tensor => tf.cast(x, 'bool');
const flag = (truth: boolean): number => (truth ? 1 : 0);

function where(call: Call): tf.Tensor {
  const [condition, a, b] = [call.tensor(0), call.tensor(1), call.tensor(2)];
  const shape = broadcastShape(condition.shape, broadcastShape(a.shape, b.shape));
  const full = (x: tf.Tensor): tf.Tensor => (equal(x.shape, shape) ? x : tf.broadcastTo(x, shape));
  const chosen = untaped(() => asBool(full(condition)));
  return tf.where(chosen, full(a), full(b));
}

function knownWhere(call: Call): Known {
  const [condition, a, b] = [call.known(0), call.known(1), call.known(2)];
  const shape = broadcastShape(condition.shape, broadcastShape(a.shape, b.shape));
  const [when, then, otherwise] = [condition, a, b].map((each) => spread(each, shape)) as [Known, Known, Known];
  return new Known(
    a.dtype,
    shape,
    Array.from(when.data, (truth, i) => (truth ? then : otherwise).data[i]!),
  );
}

export const equal = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i]);

/** Functions of two or more arrays, spread to one shape. */
export const pairwiseOperators: readonly Operator[] = [
  pairwise('Add', tf.add, (a, b) => a + b),
  pairwise('Sub', tf.sub, (a, b) => a - b),
  pairwise('Mul', tf.mul, (a, b) => a * b),
  operator('Div', (call) => divide(call.tensor(0), call.tensor(1)), {
    known: (call) => {
      const cut = integerKnown(call) ? Math.trunc : (x: number) => x;
      return pairs(call.known(0), call.known(1), (a, b) => cut(a / b));
    },
  }),
  operator('Mod', modulo, {
    known: (call) => {
      const cut = call.int('fmod', 0) === 1;
      return pairs(call.known(0), call.known(1), (a, b) => (cut ? a % b : a - b * Math.floor(a / b)));
    },
  }),
  operator('Pow', power, { known: (call) => pairs(call.known(0), call.known(1), (a, b) => a ** b) }),
  variadic('Max', (a, b) => tf.maximum(...spreadBoth(a, b)), Math.max),
  variadic('Min', (a, b) => tf.minimum(...spreadBoth(a, b)), Math.min),
  variadic('Sum', tf.add, (a, b) => a + b),
  operator('Mean', (call) =>
    tf.div(
      call.tensors().reduce((a, b) => tf.add(a, b)),
      call.inputs.length,
    ),
  ),
  pairwise(
    'And',
    (a, b) => tf.logicalAnd(asBool(a), asBool(b)),
    (a, b) => flag(!!a && !!b),
    'bool',
  ),
  pairwise(
    'Or',
    (a, b) => tf.logicalOr(asBool(a), asBool(b)),
    (a, b) => flag(!!a || !!b),
    'bool',
  ),
  pairwise(
    'Xor',
    (a, b) => tf.logicalXor(asBool(a), asBool(b)),
    (a, b) => flag(!a !== !b),
    'bool',
  ),
  pairwise('Equal', tf.equal, (a, b) => flag(a === b), 'bool'),
  pairwise('Less', tf.less, (a, b) => flag(a < b), 'bool'),
  pairwise('LessOrEqual', tf.lessEqual, (a, b) => flag(a <= b), 'bool'),
  pairwise('Greater', tf.greater, (a, b) => flag(a > b), 'bool'),
  pairwise('GreaterOrEqual', tf.greaterEqual, (a, b) => flag(a >= b), 'bool'),
  operator('Where', where, { known: knownWhere }),
];
