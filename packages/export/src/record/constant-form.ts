/** Rules, with sizes in them, for constants that differ from trace to trace. */
import { sizeOf } from '@onnx-forge/infer';
import { arrayOf } from '../graph/build.js';
import { type ConstantData, constantData, type DType, type Value } from '../graph/value.js';
import { type RegularForm, regularForm } from './regular-constants.js';
import type { Formula } from './size-fit.js';

/** A number as a function of a size: a fraction of it, its root, one over either, or its natural logarithm. */
export interface NumberRule {
  readonly formula: Formula;
  /** The number is size / divisor, or what `map` makes of it. */
  readonly divisor: number;
  readonly map: SizeMap;
}

export type SizeMap = 'itself' | 'inverse' | 'root' | 'inverse root' | 'logarithm';

/** Functions that may map a fraction of a size to a number, with their inverses. */
const MAPS: Readonly<Record<SizeMap, readonly [map: (x: number) => number, back: (y: number) => number]>> = {
  itself: [(x) => x, (y) => y],
  inverse: [(x) => 1 / x, (y) => 1 / y],
  root: [Math.sqrt, (y) => y ** 2],
  'inverse root': [(x) => 1 / Math.sqrt(x), (y) => 1 / y ** 2],
  logarithm: [Math.log, Math.exp],
};

export type ConstantForm =
  /** Entries that are whole numbers: a shape, say. */
  | { readonly kind: 'vector'; readonly entries: readonly Formula[] }
  /** Repeats itself along the axes that vary; `core` has them as 1. */
  | {
      readonly kind: 'repeated';
      readonly core: ConstantData;
      readonly coreShape: readonly number[];
      readonly shape: readonly Formula[];
    }
  | RegularForm
  | { readonly kind: 'number'; readonly rule: NumberRule };

type Fit = (numbers: readonly number[]) => Formula | undefined;

/** Vectors of more entries are no shapes. */
const LONGEST_VECTOR = 16;

/** The same constant in every trace; undefined when no rule gives all of them. */
export function constantForm(values: readonly Value[], fit: Fit): ConstantForm | undefined {
  return vector(values, fit) ?? repeated(values, fit) ?? regularForm(values, fit) ?? number(values, fit);
}

export function sameConstant(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (!sameShape(a, b)) return false;
  const [left, right] = [uniformOf(a), uniformOf(b)];
  if (left !== undefined && right !== undefined) return Object.is(left, right);
  return equal(constantData(a)!, constantData(b)!);
}

function sameShape(a: Value, b: Value): boolean {
  return a.rank === b.rank && a.shape.every((n, i) => n === b.shape[i]);
}

function uniformOf({ source }: Value): number | undefined {
  return source.kind === 'constant' ? source.uniform : undefined;
}

function equal(a: ConstantData, b: ConstantData): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i] && !(Number.isNaN(a[i]) && Number.isNaN(b[i]))) return false;
  return true;
}

function vector(values: readonly Value[], fit: Fit): ConstantForm | undefined {
  const [base] = values as [Value];
  if (base.rank !== 1 || base.size > LONGEST_VECTOR || base.dtype === 'bool') return undefined;
  if (!values.every((value) => sameShape(value, base))) return undefined;
  const data = values.map((value) => constantData(value)!);
  const entries = Array.from({ length: base.size }, (_, i) => fit(data.map((array) => Number(array[i]))));
  return entries.every((entry) => entry !== undefined) ? { kind: 'vector', entries } : undefined;
}

function repeated(values: readonly Value[], fit: Fit): ConstantForm | undefined {
  const [base] = values as [Value];
  if (base.rank === 0 || !values.every((value) => value.rank === base.rank)) return undefined;
  const coreShape = base.shape.map((n, axis) => (values.every((value) => value.shape[axis] === n) ? n : 1));
  const data = constantData(base)!;
  const uniform = uniformOf(base);
  const alike = (value: Value): boolean =>
    uniform !== undefined && Object.is(uniformOf(value), uniform)
      ? true
      : repeats(constantData(value)!, value.shape, data, base.shape, coreShape);
  if (!values.every(alike)) return undefined;
  const shape = base.shape.map((_, axis) => fit(values.map((value) => value.shape[axis]!)));
  if (!shape.every((entry) => entry !== undefined)) return undefined;
  return { kind: 'repeated', core: coreOf(data, base.dtype, base.shape, coreShape), coreShape, shape };
}

/** Numbers in a graph are float32, and so is the one that a user's program rounded. */
const CLOSE = 1e-6;

function number(values: readonly Value[], fit: Fit): ConstantForm | undefined {
  const [base] = values as [Value];
  if (base.size !== 1 || base.dtype === 'int64' || base.dtype === 'bool') return undefined;
  if (!values.every((value) => sameShape(value, base))) return undefined;
  const numbers = values.map((value) => Number(constantData(value)![0]));
  const maps = Object.keys(MAPS) as SizeMap[];
  for (const map of base.dtype === 'float32' ? maps : maps.slice(0, 1)) {
    const [to, from] = MAPS[map];
    for (const divisor of base.dtype === 'float32' ? [1, 2, 4] : [1]) {
      const whole = numbers.map((n) => Math.round(divisor * from(n)));
      const given = whole.map((size) => to(size / divisor));
      const isClose = numbers.every((n, t) => given[t] === n || Math.abs(given[t]! - n) <= CLOSE * Math.abs(n));
      const formula = isClose && whole.every(Number.isSafeInteger) ? fit(whole) : undefined;
      if (formula) return { kind: 'number', rule: { formula, divisor, map } };
    }
  }
  return undefined;
}

/** The entries at index 0 of every axis that `core` has as 1. */
function coreOf(data: ConstantData, dtype: DType, shape: readonly number[], core: readonly number[]): ConstantData {
  const size = sizeOf(core);
  return arrayOf(
    dtype,
    Array.from({ length: size }, (_, i) => Number(data[indexIn(i, core, shape)])),
  );
}

/** Whether every entry equals the base's entry at its place in the core. */
function repeats(
  data: ConstantData,
  shape: readonly number[],
  base: ConstantData,
  baseShape: readonly number[],
  core: readonly number[],
): boolean {
  for (let i = 0; i < data.length; i++) if (data[i] !== base[indexIn(i, shape, baseShape, core)]) return false;
  return true;
}

/** Flat index, in `target`, of the flat index `i` of `shape`; axes that `limits` has as 1 count as 0. */
function indexIn(
  i: number,
  shape: readonly number[],
  target: readonly number[],
  limits: readonly number[] = shape,
): number {
  let [index, stride, rest] = [0, 1, i];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const position = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
    index += (limits[axis] === 1 ? 0 : position) * stride;
    stride *= target[axis]!;
  }
  return index;
}
