import type { tf } from '../../tfjs.js';
import { isNumeric, type Numbers } from '../stored.js';
import { arrayOf, elementsOf, type HostBackend, type QuickKernel, valuesOf } from './kernel.js';

const ARITHMETIC = ['Add', 'Sub', 'Multiply', 'RealDiv', 'Maximum', 'Minimum', 'SquaredDifference'];
const COMPARISONS = ['Equal', 'NotEqual', 'Less', 'LessEqual', 'Greater', 'GreaterEqual'];
const OPERATIONS = [...ARITHMETIC, ...COMPARISONS];

/** The operation by its place in the list: inlined into the one loop that serves them all. */
function apply(operation: number, a: number, b: number): number {
  switch (operation) {
    case 0:
      return a + b;
    case 1:
      return a - b;
    case 2:
      return a * b;
    case 3:
      return a / b;
    case 4:
      return Math.max(a, b);
    case 5:
      return Math.min(a, b);
    case 6:
      return (a - b) * (a - b);
    case 7:
      return a === b ? 1 : 0;
    case 8:
      return a !== b ? 1 : 0;
    case 9:
      return a < b ? 1 : 0;
    case 10:
      return a <= b ? 1 : 0;
    case 11:
      return a > b ? 1 : 0;
    default:
      return a >= b ? 1 : 0;
  }
}

/** The numbers of one operand: the first of a row, and how far apart neighbours are (0: one number for all). */
interface Operand {
  readonly values: Numbers;
  readonly shape: readonly number[];
  from: number;
  step: number;
}

function operandOf(info: tf.TensorInfo, backend: HostBackend): Operand {
  const values = valuesOf(info, backend);
  return { values, shape: info.shape, from: 0, step: values.length === 1 ? 0 : 1 };
}

/** Whether one loop over the result runs through the operand. */
const isWhole = ({ values }: Operand, out: Numbers): boolean => values.length === 1 || values.length === out.length;

function loop(operation: number, a: Operand, b: Operand, out: Numbers, from: number, to: number): void {
  const { values: as, step: aStep } = a;
  const { values: bs, step: bStep } = b;
  for (let i = from, p = a.from, q = b.from; i < to; i++, p += aStep, q += bStep) {
    out[i] = apply(operation, as[p]!, bs[q]!);
  }
}

/** The shape of the result; undefined for shapes that don't fit. */
function broadcast(a: readonly number[], b: readonly number[]): number[] | undefined {
  const shape = (a.length < b.length ? b : a).slice();
  for (let fromEnd = 1; fromEnd <= shape.length; fromEnd++) {
    const [m, n] = [a[a.length - fromEnd] ?? 1, b[b.length - fromEnd] ?? 1];
    if (m !== n && m !== 1 && n !== 1) return undefined;
    shape[shape.length - fromEnd] = m === 1 ? n : m;
  }
  return shape;
}

/** How far apart an operand's neighbours along each axis of the result are. */
function stepsOf(operand: readonly number[], rank: number): number[] {
  const steps = new Array<number>(rank).fill(0);
  for (let axis = operand.length - 1, apart = 1; axis >= 0; axis--) {
    if (operand[axis] !== 1) steps[axis + rank - operand.length] = apart;
    apart *= operand[axis]!;
  }
  return steps;
}

/** Along the last axis at a time. */
function rows(operation: number, a: Operand, b: Operand, out: Numbers, shape: readonly number[]): void {
  const last = shape.length - 1;
  const row = shape[last]!;
  const [aSteps, bSteps] = [stepsOf(a.shape, shape.length), stepsOf(b.shape, shape.length)];
  a.step = aSteps[last]!;
  b.step = bSteps[last]!;
  const at = new Array<number>(last).fill(0);
  for (let i = 0; i < out.length; i += row) {
    loop(operation, a, b, out, i, i + row);
    for (let axis = last - 1; axis >= 0; axis--) {
      a.from += aSteps[axis]!;
      b.from += bSteps[axis]!;
      if (++at[axis]! < shape[axis]!) break;
      at[axis] = 0;
      a.from -= aSteps[axis]! * shape[axis]!;
      b.from -= bSteps[axis]! * shape[axis]!;
    }
  }
}

function binary(name: string): QuickKernel {
  const operation = OPERATIONS.indexOf(name);
  const compares = COMPARISONS.includes(name);
  return (inputs, _, backend) => {
    const [a, b] = [inputs.a!, inputs.b!];
    const shape = isNumeric(a.dtype) && isNumeric(b.dtype) ? broadcast(a.shape, b.shape) : undefined;
    if (!shape) return undefined;
    const dtype = compares ? 'bool' : a.dtype;
    const out = arrayOf(dtype, elementsOf(shape));
    const [left, right] = [operandOf(a, backend), operandOf(b, backend)];
    if (isWhole(left, out) && isWhole(right, out)) loop(operation, left, right, out, 0, out.length);
    else rows(operation, left, right, out, shape);
    return backend.makeTensorInfo(shape, dtype, out);
  };
}

export const BINARY: ReadonlyMap<string, QuickKernel> = new Map(OPERATIONS.map((name) => [name, binary(name)]));
