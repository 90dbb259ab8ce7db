import { sizeOf } from '@onnx-forge/infer';
import { binary, input, scalar } from '../../graph/build.js';
import { type GraphNode, nodeOf, type Value } from '../../graph/value.js';
import type { RewriteRule } from '../rule.js';
import { broadcastTo } from '../uniform.js';

/** Numbers in a row from which onnxruntime's CPU broadcasts at nearly full speed. */
const WIDE = 256;

/** How often a wide row must be used for its making not to count. */
const USES = 16;

const c = input('c', 'float32', [16]);

/** Wide rows for onnxruntime's CPU to broadcast: with a row of 16 channels it takes twice the time. */
export const widen: RewriteRule = {
  name: 'widen',
  says: `onnxruntime's CPU broadcasts a row at a time, and a row of 16 numbers takes twice the time of a long one: before it meets a large tensor, a row of fewer than ${WIDE} numbers is repeated along the tensor's last axes, if the wide row is used ${USES} times or more.`,
  prepare: () => widened,
  cases: [
    {
      name: 'channels beside many pixels',
      build: () => [binary('Sub', c, input('x', 'float32', [32, 16, 16]))],
      becomes: ['Sub(Expand(c, [16, 16]), x)'],
    },
    { name: 'channels beside few pixels', build: () => [binary('Sub', c, input('x', 'float32', [8, 16, 16]))] },
    { name: 'one number', build: () => [binary('Add', input('x', 'float32', [32, 16, 16]), scalar(2, 'float32'))] },
  ],
};

function widened(node: GraphNode): Value | undefined {
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
