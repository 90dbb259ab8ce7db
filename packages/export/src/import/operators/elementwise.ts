import { tf } from '../../tfjs.js';
import type { Call } from '../call.js';
import { Known } from '../model/known.js';
import { type Operator, operator } from './operator.js';
import { untaped } from './untaped.js';

type Unary = (x: tf.Tensor) => tf.Tensor;

/** A function of each element; `of` is the same on numbers. */
function unary(op: string, f: Unary, of?: (x: number) => number): Operator {
  return operator(op, (call) => f(call.tensor(0)), {
    known: of && ((call) => mapKnown(call.known(0), of)),
  });
}

function mapKnown({ dtype, shape, data }: Known, f: (x: number) => number, type = dtype): Known {
  return new Known(type, shape, Array.from(data, f));
}

/** Whole numbers round half to even, as IEEE 754 does. tfjs's round does, too, but has no other gradient than zero. */
const roundEven = (x: number): number => {
  const down = Math.floor(x);
  if (x - down !== 0.5) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
};

const alpha = (call: Call, otherwise: number): number => call.float('alpha', otherwise);

function clip(call: Call): tf.Tensor {
  const x = call.tensor(0);
  const low = call.opset < 11 ? call.float('min', Number.NEGATIVE_INFINITY) : call.number(1);
  const high = call.opset < 11 ? call.float('max', Number.POSITIVE_INFINITY) : call.number(2);
  let y = x;
  const bound = (value: number): tf.Tensor => tf.scalar(value, x.dtype as 'float32');
  if (low !== undefined && low !== Number.NEGATIVE_INFINITY) y = tf.maximum(y, bound(low));
  if (high !== undefined && high !== Number.POSITIVE_INFINITY) y = tf.minimum(y, bound(high));
  return y;
}

function gelu(call: Call): tf.Tensor {
  const x = call.tensor(0);
  const approximate = call.text('approximate', 'none');
  if (approximate === 'tanh') {
    const inner = tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.mul(x, tf.mul(x, x)))));
    return tf.mul(tf.mul(0.5, x), tf.add(1, tf.tanh(inner)));
  }
  if (approximate !== 'none') throw call.fault(`has an unknown approximation, ${approximate}`);
  return tf.mul(tf.mul(0.5, x), tf.add(1, tf.erf(tf.mul(Math.SQRT1_2, x))));
}

function infinite(call: Call): tf.Tensor {
  const x = call.tensor(0);
  const [positive, negative] = [call.int('detect_positive', 1), call.int('detect_negative', 1)];
  const above = untaped(() => tf.equal(x, Number.POSITIVE_INFINITY));
  const below = untaped(() => tf.equal(x, Number.NEGATIVE_INFINITY));
  if (positive && negative) return tf.logicalOr(above, below);
  if (!positive && !negative) return tf.logicalAnd(above, below);
  return positive ? above : below;
}

function shrink(call: Call): tf.Tensor {
  const x = call.tensor(0);
  const [bias, lambda] = [call.float('bias', 0), call.float('lambd', 0.5)];
  const zeros = tf.zerosLike(x);
  const above = tf.where(
    untaped(() => tf.greater(x, lambda)),
    tf.sub(x, bias),
    zeros,
  );
  return tf.where(
    untaped(() => tf.less(x, -lambda)),
    tf.add(x, bias),
    above,
  );
}

/** max(0, x) + min(0, alpha (exp(x / alpha) - 1)) (Barron 2017). */
function celu(call: Call): tf.Tensor {
  const x = call.tensor(0);
  const a = alpha(call, 1);
  const below = tf.mul(a, tf.expm1(tf.div(tf.minimum(x, 0), a)));
  return tf.add(tf.relu(x), below);
}

function elu(x: tf.Tensor, a: number): tf.Tensor {
  return tf.add(tf.relu(x), tf.mul(a, tf.expm1(tf.minimum(x, 0))));
}

function selu(call: Call): tf.Tensor {
  const [a, gamma] = [call.float('alpha', 1.6732632423543772), call.float('gamma', 1.0507009873554805)];
  return tf.mul(gamma, elu(call.tensor(0), a));
}

/** By maxima, which can be differentiated twice, as tfjs's leaky ReLU can't. */
function leaky(x: tf.Tensor, slope: number | tf.Tensor): tf.Tensor {
  return tf.add(tf.relu(x), tf.mul(slope, tf.minimum(x, 0)));
}

function hardSigmoid(call: Call): tf.Tensor {
  const [a, beta] = [call.float('alpha', 0.2), call.float('beta', 0.5)];
  return tf.clipByValue(tf.add(tf.mul(a, call.tensor(0)), beta), 0, 1);
}

const swish = (x: tf.Tensor, a: number): tf.Tensor => tf.mul(x, tf.sigmoid(a === 1 ? x : tf.mul(a, x)));

function thresholded(call: Call): tf.Tensor {
  const x = call.tensor(0);
  const bound = alpha(call, 1);
  return tf.where(
    untaped(() => tf.greater(x, bound)),
    x,
    tf.zerosLike(x),
  );
}

/** Functions that take one array and treat its elements alike. */
export const elementwise: readonly Operator[] = [
  unary('Abs', tf.abs, Math.abs),
  unary('Neg', tf.neg, (x) => -x),
  unary('Exp', tf.exp, Math.exp),
  unary('Log', tf.log, Math.log),
  unary('Sqrt', tf.sqrt, Math.sqrt),
  unary(
    'Reciprocal',
    (x) => tf.div(1, x),
    (x) => 1 / x,
  ),
  unary('Floor', tf.floor, Math.floor),
  unary('Ceil', tf.ceil, Math.ceil),
  unary('Round', tf.round, roundEven),
  unary('Sign', tf.sign, Math.sign),
  unary('Sin', tf.sin),
  unary('Cos', tf.cos),
  unary('Tan', tf.tan),
  unary('Asin', tf.asin),
  unary('Acos', tf.acos),
  unary('Atan', tf.atan),
  unary('Sinh', tf.sinh),
  unary('Cosh', tf.cosh),
  unary('Tanh', tf.tanh),
  unary('Asinh', tf.asinh),
  unary('Acosh', tf.acosh),
  unary('Atanh', tf.atanh),
  unary('Erf', tf.erf),
  unary('Sigmoid', tf.sigmoid),
  unary('Relu', tf.relu),
  unary('Softplus', tf.softplus),
  unary('Softsign', (x) => tf.div(x, tf.add(1, tf.abs(x)))),
  unary('Mish', (x) => tf.mul(x, tf.tanh(tf.softplus(x)))),
  unary('HardSwish', (x) => tf.mul(x, tf.clipByValue(tf.add(tf.mul(x, 1 / 6), 0.5), 0, 1))),
  operator('Not', (call) => untaped(() => tf.logicalNot(call.tensor(0))), {
    known: (call) => mapKnown(call.known(0), (x) => (x ? 0 : 1)),
  }),
  operator('IsNaN', (call) => untaped(() => tf.isNaN(call.tensor(0)))),
  operator('IsInf', infinite),
  operator('Clip', clip, { constants: [1, 2] }),
  operator('LeakyRelu', (call) => leaky(call.tensor(0), alpha(call, 0.01))),
  operator('PRelu', (call) => leaky(call.tensor(0), call.tensor(1))),
  operator('Elu', (call) => elu(call.tensor(0), alpha(call, 1))),
  operator('Selu', selu),
  operator('Celu', celu),
  operator('HardSigmoid', hardSigmoid),
  operator('Gelu', gelu),
  operator('Swish', (call) => swish(call.tensor(0), alpha(call, 1))),
  operator('SwiGLU', (call) => tf.mul(swish(call.tensor(0), alpha(call, 1)), call.tensor(1))),
  operator('ThresholdedRelu', thresholded),
  operator('Shrink', shrink),
  operator('Identity', (call) => call.datum(0), { known: (call) => call.datum(0) }),
];
