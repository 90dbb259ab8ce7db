import type { Call } from '../call.js';

/** A window's way along one axis of an image. */
export interface WindowAxis {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
}

/** The most of a window's size, stride, dilation and padding. */
const WIDEST: number = 2 ** 12;

/** Elements from the window's first to its last one. */
export const extent = ({ kernel, dilation }: WindowAxis): number => (kernel - 1) * dilation + 1;

/** Strides, dilations and padding of a node; `kernel` are the window's sizes. */
export function windowOf(call: Call, kernel: readonly number[], spatial: readonly number[]): WindowAxis[] {
  const rank = kernel.length;
  const ones = new Array<number>(rank).fill(1);
  const strides = call.ints('strides') ?? ones;
  const dilations = call.ints('dilations') ?? ones;
  const pads = call.ints('pads');
  const auto = call.text('auto_pad', 'NOTSET');
  const lists = { strides, dilations, ...(pads && { pads }) };
  for (const [name, list] of Object.entries(lists)) {
    const length = name === 'pads' ? 2 * rank : rank;
    if (list.length !== length) throw call.fault(`has ${list.length} ${name} for ${rank} axes`);
    const least = name === 'pads' ? -WIDEST : 1;
    const odd = list.find((n) => !(Number.isInteger(n) && n >= least && n <= WIDEST));
    if (odd !== undefined) throw call.fault(`has ${odd} among its ${name}; ${least} to ${WIDEST} are supported`);
  }
  const odd = kernel.find((n) => !(Number.isInteger(n) && n >= 1 && n <= WIDEST));
  if (odd !== undefined) throw call.fault(`has a window of ${odd} elements; 1 to ${WIDEST} are supported`);
  return kernel.map((size, axis) => {
    const [stride, dilation] = [strides[axis]!, dilations[axis]!];
    const [before, after] = padding(call, auto, spatial[axis]!, { size, stride, dilation }, [
      pads?.[axis] ?? 0,
      pads?.[axis + rank] ?? 0,
    ]);
    return { kernel: size, stride, dilation, before, after };
  });
}

interface Step {
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
}

function padding(
  call: Call,
  auto: string,
  size: number,
  { size: kernel, stride, dilation }: Step,
  given: [number, number],
): [number, number] {
  if (auto === 'NOTSET') return given;
  if (auto === 'VALID') return [0, 0];
  if (auto !== 'SAME_UPPER' && auto !== 'SAME_LOWER') throw call.fault(`has an unknown auto_pad, ${auto}`);
  const needed = Math.max(0, (Math.ceil(size / stride) - 1) * stride + (kernel - 1) * dilation + 1 - size);
  const half = Math.floor(needed / 2);
  return auto === 'SAME_UPPER' ? [half, needed - half] : [needed - half, half];
}
