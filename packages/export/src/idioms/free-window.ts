/** Windows over images of free size: nothing that is true of one trace's sizes alone may stay in them. */

import { TraceMismatchError } from '../errors.js';
import { op, scalar } from '../graph/build.js';
import { ceilDiv, floorDiv, larger, minus, now, plus, type Size, sizeAt, sizeVector, times } from '../graph/size.js';
import type { Value } from '../graph/value.js';
import { describePlace, userLine } from '../place.js';
import type { Window, WindowAttributes, WindowAxis } from './window.js';

/**
 * The window over an image some of whose sizes are free: what is true of this trace's sizes alone is replaced by what is
 * true of all. Padding that depends on the size is computed in the graph, as tfjs computes it.
 */
export function overFree(window: Window, x: Value, attrs: Pick<WindowAttributes, 'pad' | 'dimRoundingMode'>): Window {
  const first = window.layout === 'channelsLast' ? 1 : 2;
  const axes = window.axes.map((axis, i): WindowAxis => {
    const size = sizeAt(x, first + i);
    if (typeof size === 'number') return axis;
    const [rows] = window.axes as [WindowAxis];
    const alike = axis.stride === rows.stride && extentOf(axis) === extentOf(rows);
    if (typeof attrs.pad === 'number' && window.axes.length === 2 && !alike) {
      const line = userLine();
      throw new TraceMismatchError(
        'tfjs counts the columns of a window that is padded by a number as if they were rows, which is not written for a ' +
          `free size${describePlace(line === undefined ? {} : { at: line })}; pad it by 'same', 'valid' or amounts for each side, or fix that dimension in the signature`,
      );
    }
    // In three dimensions it leaves elements out at the front where the stride is beyond the kernel.
    const leavesOut = attrs.pad === 'same' && window.axes.length === 3 && axis.stride > extentOf(axis);
    return axis.stride === 1 || leavesOut ? { ...axis, size } : freeAxis({ ...axis, size }, size, first + i, attrs);
  });
  return axes.every((axis, i) => axis === window.axes[i]) ? window : { ...window, axes };
}

/** Elements from the first to the last under the window. */
const extentOf = ({ kernel, dilation }: WindowAxis): number => (kernel - 1) * dilation + 1;

function freeAxis(
  axis: WindowAxis,
  size: Size,
  position: number,
  { pad, dimRoundingMode = 'floor' }: Pick<WindowAttributes, 'pad' | 'dimRoundingMode'>,
): WindowAxis {
  const { stride } = axis;
  const extent = extentOf(axis);
  if (pad === 'same') {
    if (extent === 1) return { ...axis, before: 0, after: 0 };
    const reach = plus(times(minus(ceilDiv(size, stride), 1), stride), extent);
    const total = larger(minus(reach, size), 0);
    const before = floorDiv(total, 2);
    return { ...axis, computed: { before, after: minus(total, before) } };
  }
  const [before, after] = pad === 'valid' ? [0, 0] : typeof pad === 'number' ? [pad, pad] : ends(pad, position);
  // Rounded down, the last window fits, whatever the size: elements behind it are left alone.
  if (dimRoundingMode === 'floor' || pad === 'valid') return { ...axis, before, after };
  const steps = minus(plus(size, before + after), extent);
  const output =
    dimRoundingMode === 'ceil'
      ? plus(ceilDiv(steps, stride), 1)
      : plus(floorDiv(plus(times(steps, 2), stride), 2 * stride), 1);
  const reach = plus(times(minus(output, 1), stride), extent);
  return { ...axis, computed: { before, after: larger(minus(minus(reach, size), before), 0) } };
}

function ends(pad: WindowAttributes['pad'], position: number): [number, number] {
  return (pad as unknown as [number, number][])[position]!;
}

/** A channels-first x with its computed padding written out; the window over it. */
export function padComputed(x: Value, window: Window, value: number): { x: Value; window: Window } {
  const { axes } = window;
  if (axes.every(({ computed }) => computed === undefined)) return { x, window };
  const before = axes.map(({ computed }) => computed?.before ?? 0);
  const after = axes.map(({ computed }) => computed?.after ?? 0);
  const pads = sizeVector([0, 0, ...before, 0, 0, ...after]);
  const sizes = axes.map((_, i) => x.shape[2 + i]! + now(before[i]!) + now(after[i]!));
  const padded = op('Pad', [x, pads, scalar(value, x.dtype)], x.dtype, [...x.shape.slice(0, 2), ...sizes]);
  const bare = axes.map(({ computed, ...axis }, i) =>
    computed ? { ...axis, input: sizes[i]!, before: 0, after: 0 } : axis,
  );
  return { x: padded, window: { ...window, axes: bare } };
}
