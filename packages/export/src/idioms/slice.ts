import { ints, op } from '../graph/build.js';
import { constantData, type GraphNode, type Value } from '../graph/value.js';

/** `count` positions along one axis: begin, begin + step, ...; a negative begin counts from the axis's end. */
export interface AxisRange {
  readonly begin: number;
  readonly count: number;
  readonly step: number;
}

/** Past the end of any axis; with a minus, before its beginning. */
const BEYOND = 2 ** 31 - 1;

/**
 * Takes a range along every axis. A backward range is the forward one over the same entries, then turned round from its
 * last entry: onnxruntime's WebGPU provider begins there wherever it should start (microsoft/onnxruntime#24744).
 */
export function strided(x: Value, ranges: readonly AxisRange[]): Value {
  const forward = ranges.map(({ begin, count, step }): AxisRange => {
    if (step > 0) return { begin, count, step };
    if (count === 0) return { begin: 0, count, step: 1 };
    return { begin: begin + (count - 1) * step, count: 1 - (count - 1) * step, step: 1 };
  });
  const taken = take(x, forward);
  const back = ranges.flatMap(({ step }, axis) => (step < 0 ? [axis] : []));
  if (back.length === 0) return taken;
  const all = (value: number): Value => ints(back.map(() => value));
  const steps = ints(back.map((axis) => ranges[axis]!.step));
  const shape = ranges.map(({ count }) => count);
  return op('Slice', [taken, all(-1), all(-BEYOND), ints(back), steps], x.dtype, shape);
}

/** Forward ranges. The end of an axis is not written as the traced size, which keeps a free dimension free. */
function take(x: Value, ranges: readonly AxisRange[]): Value {
  const isWhole = ({ begin, count, step }: AxisRange, axis: number): boolean =>
    begin === 0 && step === 1 && count === x.shape[axis];
  const axes = ranges.flatMap((range, axis) => (isWhole(range, axis) ? [] : [axis]));
  if (axes.length === 0) return x;
  const ends = axes.map((axis) => {
    const { begin, count, step } = ranges[axis]!;
    const end = begin + count * step;
    return end >= (begin < 0 ? 0 : x.shape[axis]!) ? BEYOND : end;
  });
  const starts = ints(axes.map((axis) => ranges[axis]!.begin));
  const steps = axes.map((axis) => ranges[axis]!.step);
  const stepped = steps.some((step) => step !== 1) ? [ints(steps)] : [];
  const shape = ranges.map(({ count }) => count);
  return op('Slice', [x, starts, ints(ends), ints(axes), ...stepped], x.dtype, shape);
}

/**
 * The ends that a Slice has in several traces, comparable: at some sizes the end of a fixed axis is reached, and not written.
 */
export function comparableEnds({ inputs }: GraphNode, ends: readonly Value[]): readonly Value[] {
  const [x, , , axes] = inputs;
  const [along, ...rows] = [axes!, ...ends].map((value) => Array.from(constantData(value) ?? [], Number));
  if (rows.some((row) => row.length !== along!.length)) return ends;
  const fixed = along!.map((axis, i) => !x!.varying?.has(axis) && rows.some((row) => row[i] !== BEYOND));
  return rows.map((row) => ints(row.map((end, i) => (fixed[i] && end === BEYOND ? x!.shape[along![i]!]! : end))));
}

/** The whole of every axis but the given ones. */
export function strideAxes(x: Value, ranges: Readonly<Record<number, AxisRange>>): Value {
  return strided(
    x,
    x.shape.map((count, axis) => ranges[axis] ?? { begin: 0, count, step: 1 }),
  );
}

export function slice(x: Value, begin: readonly number[], size: readonly number[]): Value {
  return strided(
    x,
    begin.map((start, axis) => ({ begin: start, count: size[axis]!, step: 1 })),
  );
}

/** Turns the order round along the axes. */
export function reverse(x: Value, axes: readonly number[]): Value {
  const ranges = axes.map((axis) => [axis, { begin: x.shape[axis]! - 1, count: x.shape[axis]!, step: -1 }]);
  return strideAxes(x, Object.fromEntries(ranges));
}
