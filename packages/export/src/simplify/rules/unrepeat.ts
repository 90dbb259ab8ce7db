import { sizeOf } from '@onnx-forge/infer';
import { broadcastShape, op, reshape } from '../../graph/build.js';
import { type GraphNode, nodeOf, type Value } from '../../graph/value.js';
import { permute } from '../../idioms/layout.js';
import { broadcastTo, repeated, uniformValue } from '../uniform.js';

const ELEMENTWISE: ReadonlySet<string> = new Set(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min', 'Where']);
const UNARY: ReadonlySet<string> = new Set([
  'Neg',
  'Abs',
  'Sqrt',
  'Reciprocal',
  'Exp',
  'Log',
  'Relu',
  'Tanh',
  'Sigmoid',
]);

/**
 * Element-wise operators broadcast by themselves: they take what an Expand, a Tile or a constant of one number repeats,
 * and where all operands are repeated, so is the result.
 */
export function unrepeated(node: GraphNode): Value | undefined {
  const [output] = node.outputs as [Value];
  if (node.domain !== '') return undefined;
  if (UNARY.has(node.op)) {
    const source = nodeOf(node.inputs[0]!, 'Expand')?.inputs[0];
    return source && broadcastTo(again(node, [source]), output.shape);
  }
  if (!ELEMENTWISE.has(node.op)) return undefined;
  const inputs = node.inputs as readonly Value[];
  const cores = inputs.map(repeated);
  const shape = broadcastOf(cores);
  if (sizeOf(shape) < output.size) return broadcastTo(again(node, cores), output.shape);
  const taken = [...inputs];
  for (const [i, core] of cores.entries()) {
    const others = taken.with(i, core);
    if (broadcastOf(others).join() === output.shape.join()) taken[i] = core;
  }
  const neutral = neutralTo(node.op, taken);
  if (neutral && neutral.shape.join() === output.shape.join()) return neutral;
  return taken.some((value, i) => value !== inputs[i]) ? again(node, taken) : undefined;
}

/** x where the node is x * 1 or x / 1. */
function neutralTo(operator: string, [a, b]: readonly Value[]): Value | undefined {
  if (operator !== 'Mul' && operator !== 'Div') return undefined;
  if (uniformValue(b!) === 1) return a;
  return operator === 'Mul' && uniformValue(a!) === 1 ? b : undefined;
}

/** A reshape of a reshape is one; a transpose of a transpose too. */
export function straightened(node: GraphNode): Value | undefined {
  const [output] = node.outputs as [Value];
  if (node.domain !== '') return undefined;
  if (node.op === 'Reshape') {
    const inner = nodeOf(node.inputs[0]!, 'Reshape');
    return inner ? reshape(inner.inputs[0]!, output.shape) : undefined;
  }
  if (node.op === 'Transpose' && nodeOf(node.inputs[0]!, 'Transpose')) {
    return permute(node.inputs[0]!, node.attributes.perm as readonly number[]);
  }
  return undefined;
}

function broadcastOf(values: readonly Value[]): readonly number[] {
  return values.map(({ shape }) => shape).reduce(broadcastShape);
}

/** The element-wise node on other operands. */
function again({ op: type, outputs, attributes }: GraphNode, inputs: readonly Value[]): Value {
  return op(type, inputs, outputs[0]!.dtype, broadcastOf(inputs), attributes);
}
