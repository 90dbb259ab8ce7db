/** Convolutions with one window that is the image: matrix products of flattened images, since tfjs's orders agree. */
import { reshape } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { rows } from './layout.js';
import { matMul } from './mat-mul.js';
import type { Window } from './window.js';

/** Whether the one window covers the image exactly. */
export function coversImage({ axes }: Window): boolean {
  return axes.every(({ output, kernel, input, before }) => output === 1 && kernel === input && before === 0);
}

/** [batch, 1, ..., out]. */
export function convolveImage(x: Value, filter: Value, { batch, outChannels, axes }: Window, bias?: Value): Value {
  const y = matMul(rows(x, 1), rows(filter, filter.rank - 1), { transposeA: false, transposeB: false }, bias);
  return reshape(y, [batch, ...axes.map(() => 1), outChannels]);
}

/** dx [batch, ...space, in]. */
export function spreadImage(dy: Value, filter: Value, { batch, inChannels, axes }: Window): Value {
  const dx = matMul(rows(dy, 1), rows(filter, filter.rank - 1), { transposeA: false, transposeB: true });
  return reshape(dx, [batch, ...axes.map(({ input }) => input), inChannels]);
}

/** [...kernel, in, out]. */
export function correlateImage(x: Value, dy: Value, { inChannels, outChannels, axes }: Window): Value {
  const filter = matMul(rows(x, 1), rows(dy, 1), { transposeA: true, transposeB: false });
  return reshape(filter, [...axes.map(({ kernel }) => kernel), inChannels, outChannels]);
}
