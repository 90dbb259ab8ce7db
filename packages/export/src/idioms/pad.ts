import { ints, op, scalar } from '../graph/build.js';
import type { Value } from '../graph/value.js';

/** Entries before and after, for every axis. */
export type Paddings = readonly (readonly [number, number])[];

export function pad(x: Value, paddings: Paddings, value = 0): Value {
  const none = paddings.every(([before, after]) => before === 0 && after === 0);
  if (none && !x.varying?.size) return x; // of an x of free size it may be none at this size only
  const pads = [...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)];
  const shape = x.shape.map((n, axis) => paddings[axis]![0] + n + paddings[axis]![1]);
  return op('Pad', [x, ints(pads), scalar(value, x.dtype)], x.dtype, shape);
}
