import { sizeOf } from '@onnx-forge/infer';
import { binary, broadcastShape, fill, input, ints, op, unary } from '../../graph/build.js';
import { type GraphNode, nodeOf, type Value } from '../../graph/value.js';
import { expand } from '../../idioms/shapes.js';
import type { RewriteRule } from '../rule.js';
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

const [x, c, row] = [input('x', 'float32', [4, 6]), input('c', 'float32', [6]), input('row', 'float32', [1, 6])];

/** Operands without the repeats that broadcasting does anyway. */
export const unrepeat: RewriteRule = {
  name: 'unrepeat',
  says: 'An element-wise operator takes what an Expand, a Tile or a constant of one number repeats; if all its operands are repeated, the result is repeated instead. `x * 1` and `x / 1` are `x`.',
  prepare: () => unrepeated,
  cases: [
    {
      name: 'an operand that is repeated',
      build: () => [binary('Add', x, expand(c, [4, 6]))],
      becomes: ['Add(x, c)'],
    },
    {
      name: 'one that a Tile repeats',
      build: () => [binary('Sub', op('Tile', [row, ints([4, 1])], 'float32', [4, 6]), x)],
      becomes: ['Sub(row, x)'],
    },
    {
      name: 'a tensor of one number',
      build: () => [binary('Max', x, fill(3, 'float32', [4, 6]))],
      becomes: ['Max(x, 3)'],
    },
    {
      name: 'a product with ones',
      build: () => [unary('Relu', binary('Mul', x, fill(1, 'float32', [4, 6])))],
      becomes: ['Relu(x)'],
    },
    {
      name: 'operands that are all repeated',
      build: () => [unary('Exp', binary('Mul', expand(c, [4, 6]), fill(2, 'float32', [4, 6])))],
      becomes: ['Expand(Exp(Mul(c, 2)), [4, 6])'],
    },
    {
      name: 'an operator that does not broadcast',
      build: () => [op('Concat', [x, expand(c, [4, 6])], 'float32', [8, 6], { axis: 0 })],
    },
    {
      name: 'operands that give the result its shape',
      build: () => [binary('Mul', x, row)],
    },
  ],
};

function unrepeated(node: GraphNode): Value | undefined {
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

function broadcastOf(values: readonly Value[]): readonly number[] {
  return values.map(({ shape }) => shape).reduce(broadcastShape);
}

/** The element-wise node on other operands. */
function again({ op: type, outputs, attributes }: GraphNode, inputs: readonly Value[]): Value {
  return op(type, inputs, outputs[0]!.dtype, broadcastOf(inputs), attributes);
}
