import { tf } from '../../tfjs.js';
import type { Call } from '../call.js';
import { type Operator, operator } from './operator.js';

/** Where the element at a place before the first or after the last one comes from. */
const SOURCES: Readonly<Record<string, (at: number, n: number) => number>> = {
  edge: (at, n) => Math.max(0, Math.min(n - 1, at)),
  wrap: (at, n) => ((at % n) + n) % n,
  reflect: (at, n) => {
    if (n === 1) return 0;
    const period = 2 * (n - 1);
    const inside = ((at % period) + period) % period;
    return inside < n ? inside : period - inside;
  },
};

function pad(call: Call): tf.Tensor {
  let x = call.tensor(0);
  const mode = call.text('mode', 'constant');
  const given = call.opset < 11 ? call.ints('pads') : call.known(1).numbers();
  const value = call.opset < 11 ? call.float('value', 0) : (call.number(2) ?? 0);
  const axes = call.numbers(3)?.map((axis) => call.axis(axis)) ?? x.shape.map((_, axis) => axis);
  if (given?.length !== 2 * axes.length) throw call.fault(`has ${given?.length ?? 0} pads for ${axes.length} axes`);
  const margins = x.shape.map((): [number, number] => [0, 0]);
  for (const [i, axis] of axes.entries()) margins[axis] = [given[i]!, given[i + axes.length]!];
  call.room(x.shape.map((n, axis) => n + margins[axis]![0] + margins[axis]![1]));
  if (mode !== 'constant') {
    const source = Object.hasOwn(SOURCES, mode) ? SOURCES[mode]! : undefined;
    if (!source) throw call.fault(`has an unknown mode, ${mode}`);
    for (const [axis, [before, after]] of margins.entries()) {
      if (before === 0 && after === 0) continue;
      const n = x.shape[axis]!;
      const indices = Array.from({ length: before + n + after }, (_, i) => source(i - before, n));
      x = tf.gather(x, tf.tensor1d(indices, 'int32'), axis);
    }
    return x;
  }
  // Negative margins cut.
  if (margins.flat().some((n) => n < 0)) {
    const begin = margins.map(([before]) => Math.max(0, -before));
    const size = x.shape.map((n, axis) => n - begin[axis]! - Math.max(0, -margins[axis]![1]));
    x = tf.slice(x, begin, size);
  }
  const wide = margins.map(([before, after]): [number, number] => [Math.max(0, before), Math.max(0, after)]);
  return wide.flat().every((n) => n === 0) ? x : tf.pad(x, wide, value);
}

export const paddings: readonly Operator[] = [operator('Pad', pad, { constants: [1, 2, 3] })];
