import { binary, broadcastShape, cast, op, scalar, unary } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { untiled } from '../idioms/factors.js';
import { negativePart, one, zero } from '../idioms/formulas.js';
import { tf } from '../tfjs.js';
import { type Lowering, type LoweringCase, listOf, lowering } from './lowering.js';

type Binary = (a: Value, b: Value) => Value;

interface BinaryRow {
  readonly kernel: string;
  readonly lower: Binary;
  readonly run: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;
  readonly domain?: readonly [number, number];
  readonly gradient?: boolean;
  /** tfjs's own gradient does not sum over broadcast axes. */
  readonly broadcastGradient?: boolean;
  /** Names of the kernel's two inputs; a and b when absent. */
  readonly inputs?: readonly [string, string];
}

const arithmetic =
  (type: string): Binary =>
  (a, b) => {
    const left = untiled(a, b);
    return binary(type, left, untiled(b, left));
  };

const compare =
  (type: string): Binary =>
  (a, b) =>
    a.dtype === 'bool' && type !== 'Equal'
      ? binary(type, cast(a, 'int32'), cast(b, 'int32'), 'bool')
      : binary(type, a, b, 'bool');

function floorDiv(a: Value, b: Value): Value {
  const quotient = unary('Floor', binary('Div', cast(a, 'float32'), cast(b, 'float32')));
  return cast(quotient, 'int32');
}

/** Floored modulo: the result has the sign of the divisor (ONNX fmod has the dividend's). */
function mod(a: Value, b: Value): Value {
  if (a.dtype === 'int32') return binary('Mod', a, b);
  const shape = broadcastShape(a.shape, b.shape);
  const remainder = op('Mod', [a, b], a.dtype, shape, { fmod: 1 });
  const negative = (x: Value): Value => binary('Less', x, zero, 'bool');
  // What has the right sign is left alone: to add the divisor would round it.
  const right = binary('Equal', negative(a), negative(b), 'bool');
  const stays = binary('Or', right, binary('Equal', remainder, zero, 'bool'), 'bool');
  return op('Where', [stays, remainder, binary('Add', remainder, b)], a.dtype, shape);
}

/** The angle of (x, y) from Atan and the signs: ONNX has no Atan2. */
function atan2(y: Value, x: Value): Value {
  const shape = binary('Add', y, x).shape;
  const pi = (v: number): Value => scalar(v * Math.PI, 'float32');
  const where = (c: Value, a: Value, b: Value): Value => op('Where', [c, a, b], 'float32', shape);
  const base = unary('Atan', binary('Div', y, x));
  const yNegative = binary('Less', y, zero, 'bool');
  const left = binary('Add', base, where(yNegative, pi(-1), pi(1)));
  const onAxis = where(yNegative, pi(-0.5), where(binary('Greater', y, zero, 'bool'), pi(0.5), y)); // y: 0 or NaN
  const general = where(binary('Less', x, zero, 'bool'), left, base);
  return where(binary('Equal', x, zero, 'bool'), onAxis, general);
}

/** One Sum node; onnxruntime's is for floats only. */
function addN(inputs: Record<string, Value>): Value {
  const [first, ...rest] = listOf(inputs) as [Value, ...Value[]];
  if (first.dtype === 'float32') return op('Sum', [first, ...rest], 'float32', first.shape);
  return rest.reduce((sum, value) => binary('Add', sum, value), first);
}

const BINARY: readonly BinaryRow[] = [
  { kernel: 'Add', lower: arithmetic('Add'), run: tf.add, gradient: true },
  { kernel: 'Sub', lower: arithmetic('Sub'), run: tf.sub, gradient: true },
  { kernel: 'Multiply', lower: arithmetic('Mul'), run: tf.mul, gradient: true },
  { kernel: 'RealDiv', lower: arithmetic('Div'), run: tf.div, gradient: true, domain: [0.5, 2] },
  { kernel: 'FloorDiv', lower: floorDiv, run: tf.floorDiv },
  { kernel: 'Mod', lower: mod, run: tf.mod },
  { kernel: 'Pow', lower: arithmetic('Pow'), run: tf.pow, gradient: true, domain: [0.3, 2] },
  {
    kernel: 'Maximum',
    lower: arithmetic('Max'),
    run: (a, b) => tf.maximum(tf.mul(a, 3), b),
    gradient: true,
    broadcastGradient: false,
  },
  {
    kernel: 'Minimum',
    lower: arithmetic('Min'),
    run: (a, b) => tf.minimum(tf.mul(a, 3), b),
    gradient: true,
    broadcastGradient: false,
  },
  {
    kernel: 'SquaredDifference',
    lower: (a, b) => {
      const d = binary('Sub', a, b);
      return binary('Mul', d, d);
    },
    run: tf.squaredDifference,
    gradient: true,
    broadcastGradient: false,
  },
  { kernel: 'Atan2', lower: atan2, run: tf.atan2, gradient: true },
  {
    kernel: 'BitwiseAnd',
    lower: arithmetic('BitwiseAnd'),
    run: (a, b) =>
      tf.bitwiseAnd(tf.cast(tf.mul(a, 9), 'int32'), tf.cast(tf.mul(tf.add(b, tf.zerosLike(a)), 9), 'int32')),
    domain: [0, 2],
  },
  { kernel: 'Equal', lower: compare('Equal'), run: (a, b) => tf.equal(tf.round(a), tf.round(b)) },
  {
    kernel: 'NotEqual',
    lower: (a, b) => unary('Not', compare('Equal')(a, b)),
    run: (a, b) => tf.notEqual(tf.round(a), tf.round(b)),
  },
  { kernel: 'Greater', lower: compare('Greater'), run: tf.greater },
  { kernel: 'GreaterEqual', lower: compare('GreaterOrEqual'), run: tf.greaterEqual },
  { kernel: 'Less', lower: compare('Less'), run: tf.less },
  { kernel: 'LessEqual', lower: compare('LessOrEqual'), run: tf.lessEqual },
  {
    kernel: 'LogicalAnd',
    lower: (a, b) => binary('And', a, b, 'bool'),
    run: (a, b) => tf.logicalAnd(tf.greater(a, 0), tf.greater(b, 0)),
  },
  {
    kernel: 'LogicalOr',
    lower: (a, b) => binary('Or', a, b, 'bool'),
    run: (a, b) => tf.logicalOr(tf.greater(a, 0), tf.greater(b, 0)),
  },
  {
    kernel: 'Prelu',
    inputs: ['x', 'alpha'],
    lower: (x, alpha) => op('PRelu', [cast(x, 'float32'), cast(alpha, 'float32')], 'float32', x.shape),
    run: tf.prelu,
    gradient: true,
  },
  {
    // dy where y >= 0, dy (y + 1) elsewhere: elu' written in elu's own output.
    kernel: 'EluGrad',
    inputs: ['dy', 'y'],
    lower: (dy, y) => binary('Mul', dy, binary('Add', negativePart(y), one)),
    run: (dy, y) => tf.grad((x) => tf.elu(x))(y, dy),
  },
];

function binaryCases({
  run,
  domain = [-2, 2],
  gradient = false,
  broadcastGradient = true,
  kernel,
}: BinaryRow): LoweringCase[] {
  const [low, high] = domain;
  const pair = (name: string, a: number[], b: number[], gradient: boolean): LoweringCase => ({
    name,
    inputs: { a: { shape: a, low, high }, b: { shape: b, low, high } },
    run: ({ a, b }) => run(a!, b!),
    gradient,
  });
  const equal = pair('equal shapes', [3, 4], [3, 4], gradient);
  if (kernel === 'EluGrad') return [equal];
  return [equal, pair('broadcast', [2, 3, 4], [3, 1], gradient && broadcastGradient)];
}

export const binaryKernels: readonly Lowering[] = [
  ...BINARY.map((row) => {
    const [first, second] = row.inputs ?? ['a', 'b'];
    return lowering(row.kernel, (inputs) => row.lower(inputs[first]!, inputs[second]!), binaryCases(row));
  }),
  lowering('AddN', addN, [
    {
      name: 'three',
      inputs: { a: { shape: [2, 3] }, b: { shape: [2, 3] }, c: { shape: [2, 3] } },
      run: ({ a, b, c }) => tf.addN([a!, b!, c!]),
      gradient: true,
    },
  ]),
];
