/**
 * The elements under every position of a window, as one tensor: what a maximum over a window needs where ONNX's pooling
 * doesn't go (an addend for each position, gradients, ties).
 */
import { constant, ints, op, reshape, scalar } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { convolve, convolveTransposed } from './convolve.js';
import { reached, type Window, windowSize } from './window.js';

/** Below every number that a network computes, and finite: it is multiplied by zero. */
const LOWEST = -3.4e38;

/** [channels * size, 1, ...kernel]: for each channel one filter a window position that picks just that element. */
function pickers({ axes, inChannels }: Window, size: number): Value {
  const data = new Float32Array(inChannels * size * size);
  for (let c = 0; c < inChannels; c++) for (let p = 0; p < size; p++) data[(c * size + p) * size + p] = 1;
  return constant(data, 'float32', [inChannels * size, 1, ...axes.map(({ kernel }) => kernel)]);
}

/** [batch, channels, size, ...output] from a channels-first x; padding is lower than anything. */
export function patches(x: Value, window: Window): Value {
  const { axes, batch, inChannels } = window;
  const size = windowSize(window);
  const input = reached(x, axes);
  const pads = [axes.map(({ before }) => Math.max(0, before)), axes.map(({ after }) => Math.max(0, after))] as const;
  const shape = axes.map((_, i) => input.shape[2 + i]! + pads[0][i]! + pads[1][i]!);
  const ends = ints([0, 0, ...pads[0], 0, 0, ...pads[1]]);
  const padded = op('Pad', [input, ends, scalar(LOWEST, x.dtype)], x.dtype, [batch, inChannels, ...shape]);
  const bare = axes.map((axis, i) => ({ ...axis, input: shape[i]!, before: 0, after: 0 }));
  const wide = { ...window, axes: bare, outChannels: inChannels * size };
  const picked = convolve(padded, pickers(window, size), wide, inChannels);
  return reshape(picked, [batch, inChannels, size, ...axes.map(({ output }) => output)]);
}

/** Adjoint of `patches`: every element goes back to where it came from, and meets the others there in a sum. */
export function unpatch(y: Value, window: Window): Value {
  const { axes, batch, inChannels } = window;
  const size = windowSize(window);
  const flat = reshape(y, [batch, inChannels * size, ...axes.map(({ output }) => output)]);
  return convolveTransposed(flat, pickers(window, size), window, inChannels);
}

/** dy [batch, channels, 1, ...output] at the largest of the patches, zero at the others; ties go to one of them. */
export function atLargest(dy: Value, patches: Value, size: number, tie: 'first' | 'last'): Value {
  const at = op('ArgMax', [patches], 'int64', dy.shape, {
    axis: 2,
    keepdims: 1,
    select_last_index: tie === 'last' ? 1 : 0,
  });
  const positions = constant(
    BigInt64Array.from({ length: size }, (_, p) => BigInt(p)),
    'int64',
    [size, ...dy.shape.slice(3).map(() => 1)],
  );
  const mask = op('Equal', [at, positions], 'bool', patches.shape);
  return op('Where', [mask, dy, scalar(0, dy.dtype)], dy.dtype, patches.shape);
}
