import { tf } from '../../tfjs.js';
import type { Numbers } from '../stored.js';
import { arrayOf, elementsOf, type QuickKernel, valuesOf } from './kernel.js';

/** Sums of quotients, each rounded to float32: tfjs divides before it adds up. `reduced` elements that are `inner` apart. */
function sums(values: Numbers, out: Numbers, reduced: number, inner: number, divisor: number): void {
  for (let i = 0; i < out.length; i++) {
    const column = i % inner;
    let at = (i - column) * reduced + column;
    let sum = 0;
    for (let j = 0; j < reduced; j++, at += inner)
      sum += divisor === 1 ? values[at]! : Math.fround(values[at]! / divisor);
    out[i] = sum;
  }
}

/** Along axes that lie side by side; tfjs transposes where they don't. */
function reduction(isMean: boolean): QuickKernel {
  return (inputs, { axis, keepDims }, backend) => {
    const { dtype, shape } = inputs.x!;
    if (dtype !== 'float32') return undefined;
    const axes = tf.util.parseAxisParam(axis as number | number[], [...shape]);
    const [first, last] = [axes[0] ?? 0, axes.at(-1) ?? -1];
    if (axes.some((a, i) => a !== first + i)) return undefined;
    const reduced = elementsOf(shape, first, last + 1);
    const inner = elementsOf(shape, last + 1);
    const kept = keepDims ? axes.map(() => 1) : [];
    const out = arrayOf(dtype, elementsOf(shape, 0, first) * inner);
    sums(valuesOf(inputs.x!, backend), out, reduced, inner, isMean ? reduced : 1);
    return backend.makeTensorInfo([...shape.slice(0, first), ...kept, ...shape.slice(last + 1)], dtype, out);
  };
}

/** Along the last axis. Each of tfjs's steps is rounded to float32. */
const softmax: QuickKernel = (inputs, { dim }, backend) => {
  const { dtype, shape } = inputs.logits!;
  if (dtype !== 'float32' || shape.length === 0 || (dim !== -1 && dim !== shape.length - 1)) return undefined;
  const logits = valuesOf(inputs.logits!, backend);
  const row = shape.at(-1)!;
  const out = arrayOf(dtype, logits.length);
  for (let from = 0; from < out.length; from += row) {
    const to = from + row;
    let most = logits[from]!;
    for (let i = from; i < to; i++) if (logits[i]! > most || Number.isNaN(logits[i])) most = logits[i]!;
    let sum = 0;
    for (let i = from; i < to; i++) {
      out[i] = Math.exp(Math.fround(logits[i]! - most));
      sum += out[i]!;
    }
    sum = Math.fround(sum);
    for (let i = from; i < to; i++) out[i] = out[i]! / sum;
  }
  return backend.makeTensorInfo(shape, dtype, out);
};

export const REDUCTIONS: ReadonlyMap<string, QuickKernel> = new Map([
  ['Sum', reduction(false)],
  ['Mean', reduction(true)],
  ['Softmax', softmax],
]);
