import { sizeOf } from '@onnx-forge/infer';
import { type GraphNode, topologicalOrder, type Value } from './value.js';

/**
 * Multiply-adds of a graph's products and convolutions: what no way of computing them as they stand does without. A padded image's
 * border counts as the image does, as usual; sums, activations and copies count nothing. A Scan's body counts once for each of its steps,
 * a Loop's once.
 */
export function multiplyAdds(outputs: readonly Value[]): number {
  return topologicalOrder(outputs).reduce((sum, node) => sum + ofNode(node) + ofBody(node), 0);
}

function ofNode({ op, inputs, outputs, attributes }: GraphNode): number {
  const [a, b] = inputs;
  const written = outputs[0]?.size ?? 0;
  switch (op) {
    case 'MatMul':
      return written * a!.shape.at(-1)!;
    case 'Gemm':
      return written * a!.shape[attributes.transA === 1 ? 0 : 1]!;
    case 'Conv':
      // [out, in of a group, ...kernel]
      return written * sizeOf(b!.shape.slice(1));
    case 'ConvTranspose':
      // [in, out of a group, ...kernel]
      return a!.size * sizeOf(b!.shape.slice(1));
    case 'Einsum':
      return ofEinsum(`${attributes.equation}`, inputs);
    default:
      return 0;
  }
}

function ofBody({ op, inputs, body, attributes }: GraphNode): number {
  if (!body) return 0;
  const once = multiplyAdds(body.outputs);
  if (op !== 'Scan' || once === 0) return once;
  const scanned = inputs[inputs.length - Number(attributes.num_scan_inputs)];
  return once * (scanned?.shape[0] ?? 1);
}

/** As many as there are combinations of all its indices; of more than two operands, once for each further one. */
function ofEinsum(equation: string, inputs: GraphNode['inputs']): number {
  const sizes = new Map<string, number>();
  const terms = equation.split('->')[0]!.split(',');
  for (const [i, term] of terms.entries()) {
    for (const [axis, index] of [...term.trim()].entries()) sizes.set(index, inputs[i]!.shape[axis]!);
  }
  return (terms.length - 1) * sizeOf([...sizes.values()]);
}
