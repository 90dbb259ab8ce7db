import { op } from './build.js';
import { constantData, type GraphNode, nodeOf, ownOutput, topologicalOrder, type Value } from './value.js';

/**
 * Makes layer normalisations over the last axis, written out as
 * `(x - mean) * reciprocal(sqrt(mean((x - mean)^2) + epsilon)) * gain + bias`, one LayerNormalization of ONNX's own.
 */
export function layerNormalisations(outputs: readonly Value[]): void {
  for (const node of topologicalOrder(outputs)) {
    const found = nodeOf(node.outputs[0]!, 'Add') && normalisationOf(node);
    if (found) node.outputs[0]!.source = found.source;
  }
}

function normalisationOf({ inputs, outputs }: GraphNode): Value | undefined {
  const [sum] = outputs as [Value];
  for (const [product, bias] of bothWays(inputs)) {
    for (const [standard, gain] of bothWays(nodeOf(product, 'Mul')?.inputs ?? [])) {
      const [width] = sum.shape.slice(-1);
      if (![gain, bias].every((value) => value.rank === 1 && value.size === width && constantData(value))) continue;
      const found = standardised(standard);
      if (found === undefined) continue;
      const attributes = { axis: -1, epsilon: { float: found.epsilon } };
      return op('LayerNormalization', [found.x, gain, bias], 'float32', sum.shape, attributes);
    }
  }
  return undefined;
}

/** x and epsilon, if the value is (x - mean) / sqrt(variance + epsilon) over the last axis. */
function standardised(value: Value): { readonly x: Value; readonly epsilon: number } | undefined {
  for (const [centred, scale] of bothWays(nodeOf(value, 'Mul')?.inputs ?? [])) {
    const [x, mean] = nodeOf(centred, 'Sub')?.inputs ?? [];
    const root = nodeOf(scale, 'Reciprocal')?.inputs[0];
    const sum = root && nodeOf(root, 'Sqrt')?.inputs[0];
    if (!x || !mean || !sum || !isSame(meanOver(mean), x)) continue;
    for (const [variance, added] of bothWays(nodeOf(sum, 'Add')?.inputs ?? [])) {
      const epsilon = numberOf(added);
      const squares = nodeOf(meanOver(variance) ?? variance, 'Mul')?.inputs ?? [];
      if (epsilon !== undefined && squares.length === 2 && squares.every((factor) => isSame(factor, centred))) {
        return { x, epsilon };
      }
    }
  }
  return undefined;
}

/** The value whose mean over the last axis this is, the axis kept. */
function meanOver(value: Value): Value | undefined {
  for (const [sum, factor] of bothWays(nodeOf(value, 'Mul')?.inputs ?? [])) {
    const reduced = nodeOf(sum, 'ReduceSum');
    const [x, axes] = reduced?.inputs ?? [];
    const along = axes && constantData(axes);
    if (!x || along?.length !== 1 || reduced?.attributes.keepdims === 0) continue;
    const last = Number(along[0]) === x.rank - 1 || Number(along[0]) === -1;
    if (last && numberOf(factor) === Math.fround(1 / x.shape.at(-1)!)) return x;
  }
  return undefined;
}

function isSame(value: Value | undefined, other: Value): boolean {
  return value !== undefined && ownOutput(value) === ownOutput(other);
}

/** The number of a constant without axes. */
function numberOf(value: Value): number | undefined {
  const data = value.rank === 0 ? constantData(value) : undefined;
  return data && Number(data[0]);
}

/** A node's two inputs in either order. */
function bothWays(inputs: readonly (Value | undefined)[]): readonly (readonly [Value, Value])[] {
  const [a, b] = inputs;
  if (!a || !b) return [];
  return [
    [a, b],
    [b, a],
  ];
}
