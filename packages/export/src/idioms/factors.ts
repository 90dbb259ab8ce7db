import { broadcastShape } from '../graph/build.js';
import type { Value } from '../graph/value.js';

/** The operand itself, where a Tile only repeats what element-wise operators would broadcast anyway. */
export function untiled(x: Value, other: Value): Value {
  if (x.source.kind !== 'node' || x.source.node.op !== 'Tile') return x;
  const source = x.source.node.inputs[0]!;
  const repeatsOnes = source.shape.every((n, axis) => n === x.shape[axis] || n === 1);
  return repeatsOnes && broadcastShape(source.shape, other.shape).join() === x.shape.join() ? source : x;
}

/** A product over the reduced axes, taken apart: factors that vary along them, and factors that do not. */
export interface Factors {
  readonly varying: readonly Value[];
  readonly constant: readonly Value[];
}

/** The factors of a tree of Mul nodes of float32 values. A product of varying factors alone is one of them, as it stands. */
export function factorsOf(x: Value, axes: readonly number[]): Factors {
  const visit = (value: Value): Factors => {
    if (isConstantAlong(value, x.rank, axes)) return { varying: [], constant: [value] };
    if (value.source.kind === 'node' && value.source.node.op === 'Mul') {
      const parts = value.source.node.inputs.map((factor) => visit(factor!));
      const constant = parts.flatMap((part) => part.constant);
      if (constant.length > 0) return { varying: parts.flatMap((part) => part.varying), constant };
    }
    return { varying: [value], constant: [] };
  };
  return visit(x);
}

/** Whether broadcasting to `rank` axes leaves the value the same all along `axes`. */
export function isConstantAlong({ shape }: Value, rank: number, axes: readonly number[]): boolean {
  return axes.every((axis) => (shape[axis - (rank - shape.length)] ?? 1) === 1);
}
