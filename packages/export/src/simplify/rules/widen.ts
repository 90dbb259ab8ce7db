import { sizeOf } from '@onnx-forge/infer';
import { binary } from '../../graph/build.js';
import { type GraphNode, nodeOf, type Value } from '../../graph/value.js';
import { broadcastTo } from '../uniform.js';

/** Numbers in a row from which onnxruntime's CPU broadcasts at nearly full speed. */
const WIDE = 256;

/** How often a wide row must be used for its making not to count. */
const USES = 16;

/**
 * onnxruntime broadcasts a row at a time, and a row of 16 channels takes twice the time of a long one: a narrow operand
 * is repeated along the last axes before it meets a large tensor.
 */
export function widened(node: GraphNode): Value | undefined {
  const [output] = node.outputs as [Value];
  if (!nodeOf(output, 'Add', 'Sub', 'Mul', 'Div') || output.dtype !== 'float32') return undefined;
  const [a, b] = node.inputs as [Value, Value];
  const [left, right] = [wide(a, b), wide(b, a)];
  return left === a && right === b ? undefined : binary(node.op, left, right);
}

/** `small` repeated along as many of the other operand's last axes as make a wide row. */
function wide(small: Value, large: Value): Value {
  const { shape } = large;
  if (small.size <= 1 || small.size !== small.shape.at(-1) || small.size !== shape.at(-1)) return small;
  let axis = shape.length - 1;
  while (axis > 0 && sizeOf(shape.slice(axis)) < WIDE && sizeOf(shape.slice(axis - 1)) * USES <= large.size) axis--;
  return axis === shape.length - 1 ? small : broadcastTo(small, shape.slice(axis));
}
