import { sizeOf } from '@onnx-forge/infer';
import { binary, constant, input, reshape, scalar } from '../../graph/build.js';
import { constantData, type GraphNode, nodeOf, type Value } from '../../graph/value.js';
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
  says: `onnxruntime's CPU broadcasts a row at a time, and a row of 16 numbers takes twice the time of a long one: before it meets a large tensor, a row of fewer than ${WIDE} numbers is repeated along the tensor's last axes, if the wide row is used ${USES} times or more. Beside a column, a number is read anew for each row unless it has as many axes: then it gets them.`,
  prepare: () => widened,
  cases: [
    {
      name: 'channels beside many pixels',
      build: () => [binary('Sub', c, input('x', 'float32', [32, 16, 16]))],
      becomes: ['Sub(Expand(c, [16, 16]), x)'],
    },
    { name: 'channels beside few pixels', build: () => [binary('Sub', c, input('x', 'float32', [8, 16, 16]))] },
    { name: 'one number', build: () => [binary('Add', input('x', 'float32', [32, 16, 16]), scalar(2, 'float32'))] },
    {
      name: 'one number beside a column',
      build: () => [binary('Mul', input('x', 'float32', [512, 1]), input('rate', 'float32', []))],
      becomes: ['Mul(x, Reshape(rate, [1, 1]))'],
    },
    {
      name: 'one number beside a short column',
      build: () => [binary('Mul', input('x', 'float32', [32, 1]), input('rate', 'float32', []))],
    },
  ],
};

function widened(node: GraphNode): Value | undefined {
  const [output] = node.outputs as [Value];
  if (!nodeOf(output, 'Add', 'Sub', 'Mul', 'Div') || output.dtype !== 'float32') return undefined;
  const [a, b] = node.inputs as [Value, Value];
  const [left, right] = [aligned(wide(a, b), b), aligned(wide(b, a), a)];
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

/**
 * A number with as many axes as a long column beside it. onnxruntime's broadcast takes the last axis by itself unless both
 * have it, and one number a span costs 14 ns each.
 */
function aligned(small: Value, large: Value): Value {
  if (small.size !== 1 || small.rank >= large.rank || large.shape.at(-1) !== 1 || large.size < WIDE) return small;
  const ones = large.shape.map(() => 1);
  const data = constantData(small);
  return data ? constant(data, small.dtype, ones) : reshape(small, ones);
}
