import { binary, cast, op, unary, viaFloat } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { clip, elu, expm1, log1p, notFinite, sign, softplus, step } from '../idioms/formulas.js';
import { tf } from '../tfjs.js';
import { type Lowering, type LoweringCase, lowering } from './lowering.js';

type Unary = (x: Value, attrs: Readonly<Record<string, number>>) => Value;

interface UnaryRow {
  readonly kernel: string;
  readonly lower: Unary;
  readonly run: (x: tf.Tensor) => tf.Tensor;
  /** Range of the test input. */
  readonly domain?: readonly [number, number];
  readonly gradient?: boolean;
}

/** A float-only ONNX operator of the same meaning. */
const same =
  (type: string): Unary =>
  (x) =>
    viaFloat(x, (v) => unary(type, v));
/** An ONNX operator that has int32 kernels too. */
const native =
  (type: string): Unary =>
  (x) =>
    unary(type, x);
/** The few kernels that give float32 whatever they get; the others keep an int32 or bool input's dtype. */
const float =
  (lower: Unary): Unary =>
  (x, attrs) =>
    lower(cast(x, 'float32'), attrs);
const UNARY: readonly UnaryRow[] = [
  { kernel: 'Abs', lower: native('Abs'), run: tf.abs, gradient: true, domain: [0.2, 2] },
  { kernel: 'Acos', lower: same('Acos'), run: tf.acos, gradient: true, domain: [-0.9, 0.9] },
  { kernel: 'Acosh', lower: same('Acosh'), run: tf.acosh, gradient: true, domain: [1.1, 4] },
  { kernel: 'Asin', lower: same('Asin'), run: tf.asin, gradient: true, domain: [-0.9, 0.9] },
  { kernel: 'Asinh', lower: same('Asinh'), run: tf.asinh, gradient: true },
  { kernel: 'Atan', lower: same('Atan'), run: tf.atan, gradient: true },
  { kernel: 'Atanh', lower: same('Atanh'), run: tf.atanh, gradient: true, domain: [-0.9, 0.9] },
  { kernel: 'Ceil', lower: same('Ceil'), run: tf.ceil },
  { kernel: 'Cos', lower: same('Cos'), run: tf.cos, gradient: true },
  { kernel: 'Cosh', lower: same('Cosh'), run: tf.cosh, gradient: true },
  { kernel: 'Elu', lower: (x) => viaFloat(x, elu), run: tf.elu, gradient: true },
  { kernel: 'Erf', lower: same('Erf'), run: tf.erf, gradient: true },
  { kernel: 'Exp', lower: float((x) => unary('Exp', x)), run: tf.exp, gradient: true },
  {
    kernel: 'Expm1',
    lower: (x) => viaFloat(x, expm1),
    run: tf.expm1,
    gradient: true,
  },
  { kernel: 'Floor', lower: same('Floor'), run: tf.floor },
  {
    kernel: 'IsFinite',
    lower: (x) => op('Not', [notFinite(cast(x, 'float32'))], 'bool', x.shape),
    run: (x) => tf.isFinite(tf.log(x)),
  },
  {
    kernel: 'IsInf',
    lower: (x) => op('IsInf', [cast(x, 'float32')], 'bool', x.shape),
    run: (x) => tf.isInf(tf.log(tf.relu(x))),
  },
  {
    kernel: 'IsNan',
    lower: (x) => op('IsNaN', [cast(x, 'float32')], 'bool', x.shape),
    run: (x) => tf.isNaN(tf.log(x)),
  },
  {
    kernel: 'LeakyRelu',
    lower: float((x, { alpha }) => unary('LeakyRelu', x, { alpha: { float: alpha ?? 0.2 } })),
    run: (x) => tf.leakyRelu(x, 0.1),
    gradient: true,
  },
  { kernel: 'Log', lower: same('Log'), run: tf.log, gradient: true, domain: [0.2, 4] },
  {
    kernel: 'Log1p',
    lower: (x) => viaFloat(x, log1p),
    run: tf.log1p,
    gradient: true,
    domain: [-0.5, 4],
  },
  { kernel: 'LogicalNot', lower: native('Not'), run: (x) => tf.logicalNot(tf.greater(x, 0)) },
  { kernel: 'Neg', lower: native('Neg'), run: tf.neg, gradient: true },
  { kernel: 'Reciprocal', lower: same('Reciprocal'), run: tf.reciprocal, gradient: true, domain: [0.5, 3] },
  { kernel: 'Relu', lower: native('Relu'), run: tf.relu, gradient: true },
  { kernel: 'Relu6', lower: (x) => clip(0, 6)(x), run: tf.relu6, gradient: true, domain: [-4, 9] },
  { kernel: 'Round', lower: same('Round'), run: tf.round },
  {
    kernel: 'Rsqrt',
    lower: (x) => viaFloat(x, (v) => unary('Reciprocal', unary('Sqrt', v))),
    run: tf.rsqrt,
    gradient: true,
    domain: [0.3, 3],
  },
  { kernel: 'Selu', lower: same('Selu'), run: tf.selu, gradient: true },
  { kernel: 'Sigmoid', lower: same('Sigmoid'), run: tf.sigmoid, gradient: true },
  { kernel: 'Sign', lower: sign, run: tf.sign },
  { kernel: 'Sin', lower: same('Sin'), run: tf.sin, gradient: true },
  { kernel: 'Sinh', lower: same('Sinh'), run: tf.sinh, gradient: true },
  { kernel: 'Softplus', lower: (x) => viaFloat(x, softplus), run: tf.softplus, gradient: true, domain: [-30, 30] },
  { kernel: 'Sqrt', lower: same('Sqrt'), run: tf.sqrt, gradient: true, domain: [0.3, 4] },
  { kernel: 'Square', lower: (x) => binary('Mul', x, x), run: tf.square, gradient: true },
  {
    kernel: 'Step',
    lower: (x, { alpha }) => viaFloat(x, (v) => step(v, alpha ?? 0)),
    run: (x) => tf.step(x, 0.3),
  },
  { kernel: 'Tan', lower: same('Tan'), run: tf.tan, gradient: true, domain: [-1, 1] },
  { kernel: 'Tanh', lower: same('Tanh'), run: tf.tanh, gradient: true },
  {
    kernel: 'ClipByValue',
    lower: (x, { clipValueMin, clipValueMax }) => clip(clipValueMin!, clipValueMax!)(x),
    run: (x) => tf.clipByValue(x, -0.5, 0.7),
    gradient: true,
  },
];

function unaryCases({ run, domain = [-2, 2], gradient = false }: UnaryRow): LoweringCase[] {
  const [low, high] = domain;
  return [{ name: 'matrix', inputs: { x: { shape: [3, 4], low, high } }, run: ({ x }) => run(x!), gradient }];
}

export const unaryKernels: readonly Lowering[] = UNARY.map((row) =>
  lowering<{ x: Value }, Record<string, number>>(row.kernel, ({ x }, attrs) => row.lower(x, attrs), unaryCases(row)),
);
