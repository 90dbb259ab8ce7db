/**
 * The elements under every position of a window, one tensor a position: what a maximum over a window needs where ONNX's
 * pooling doesn't go (an addend for each position, gradients, ties). Everything here keeps tfjs's layout, channels last.
 */
import { sizeOf } from '@onnx-forge/infer';
import { binary, cast, fill } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { axes as range } from './layout.js';
import { joinPhases, resize, splitPhases } from './tiles.js';
import type { Window } from './window.js';

/** Where one position under the window finds its elements: which phase of the image, and how far in. */
interface Position {
  readonly phase: number;
  readonly shift: readonly number[];
}

/** The positions in row order, and the size of the grid that each phase of the padded image has. */
function grid({ axes }: Window): { positions: Position[]; sizes: number[] } {
  let positions: Position[] = [{ phase: 0, shift: [] }];
  for (const { kernel, stride, dilation } of axes) {
    positions = positions.flatMap(({ phase, shift }) =>
      range(0, kernel).map((k) => ({
        phase: phase * stride + ((k * dilation) % stride),
        shift: [...shift, Math.floor((k * dilation) / stride)],
      })),
    );
  }
  const sizes = axes.map(({ output }, i) => output + Math.max(...positions.map(({ shift }) => shift[i]!)));
  return { positions, sizes };
}

/** Padding behind the image that fills the grid. */
function behind({ axes }: Window, sizes: readonly number[]): number[] {
  return axes.map(({ stride, before, input }, i) => sizes[i]! * stride - before - input);
}

const minus = (sizes: readonly number[]): number[] => sizes.map((n) => -n);

/** For each position in row order [batch, ...output, channels], from x [batch, ...space, channels] padded with `padding`. */
export function patches(x: Value, window: Window, padding: number = -Infinity): Value[] {
  const { axes } = window;
  const { positions, sizes } = grid(window);
  const before = axes.map((axis) => axis.before);
  const image = resize(x, before, behind(window, sizes), padding);
  const phases = splitPhases(
    image,
    axes.map(({ stride }) => stride),
  );
  return positions.map(({ phase, shift }) => {
    const after = axes.map(({ output }, i) => output + shift[i]! - sizes[i]!);
    return resize(phases[phase]!, minus(shift), after);
  });
}

/** Adjoint of `patches`: every element goes back to where it came from, and meets the others there in a sum. */
export function unpatch(parts: readonly Value[], window: Window): Value {
  const { axes } = window;
  const { positions, sizes } = grid(window);
  const strides = axes.map(({ stride }) => stride);
  const phases = range(0, sizeOf(strides)).map((phase) => {
    const placed = positions.flatMap((position, p) => {
      if (position.phase !== phase) return [];
      const after = axes.map(({ output }, i) => sizes[i]! - output - position.shift[i]!);
      return [resize(parts[p]!, position.shift, after)];
    });
    return placed.length > 0 ? placed.reduce((a, b) => binary('Add', a, b)) : undefined;
  });
  const { batch, inChannels } = window;
  const filled = phases.map((phase) => phase ?? fill(0, 'float32', [batch, ...sizes, inChannels]));
  const before = axes.map((axis) => -axis.before);
  return resize(joinPhases(filled, strides), before, minus(behind(window, sizes)));
}

/** A maximum over values of one shape, and where it was met. */
export interface Contest {
  readonly largest: Value;
  /** wins[i]: value i + 1 beats all before it. */
  readonly wins: readonly Value[];
}

/** Of equal values the first wins, or the last. */
export function contest(values: readonly Value[], tie: 'first' | 'last'): Contest {
  const beats = tie === 'first' ? 'Greater' : 'GreaterOrEqual';
  let [largest, ...rest] = values as [Value, ...Value[]];
  const wins = rest.map((value) => {
    const win = binary(beats, value, largest, 'bool');
    largest = binary('Max', largest, value);
    return win;
  });
  return { largest, wins };
}

/** dy for the value that won, zero for the others, in the order of the contest's values. */
export function toWinner(dy: Value, { wins }: Contest): Value[] {
  let rest = dy;
  const shares = wins.toReversed().map((win) => {
    const share = binary('Mul', rest, cast(win, dy.dtype));
    rest = binary('Sub', rest, share);
    return share;
  });
  return [rest, ...shares.reverse()];
}
