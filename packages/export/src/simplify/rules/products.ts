import { sizeOf } from '@onnx-forge/infer';
import { binary, fill, input, op, reshape, scalar } from '../../graph/build.js';
import { usersOf } from '../../graph/users.js';
import { type GraphNode, nodeOf, ownOutput, type Value } from '../../graph/value.js';
import { isConstantAlong } from '../../idioms/factors.js';
import { axes } from '../../idioms/layout.js';
import { Product } from '../product.js';
import type { Rewrite } from '../rebuild.js';
import type { RewriteRule } from '../rule.js';
import { uniformValue } from '../uniform.js';

const big = [4, 5, 6];
const [x, y] = [input('x', 'float32', big), input('y', 'float32', big)];
const [c, d] = [input('c', 'float32', [6]), input('d', 'float32', [6])];
const mul = (a: Value, b: Value): Value => binary('Mul', a, b);

/** The sum over all but the channels, as the lowering writes it. */
const total = (value: Value): Value =>
  op('MatMul', [fill(1, 'float32', [1, 20]), reshape(value, [20, 6])], 'float32', [1, 6]);

/** Products that multiply their small factors first, and sums without the factors that are the same for all terms. */
export const products: RewriteRule = {
  name: 'products',
  says: "A product multiplies its small factors (one number for each channel, say) with each other first, so that it goes through each large tensor once; from a sum over axes, the factors that do not vary along them are taken out. tfjs's gradients of batch normalisation are such products.",
  prepare: multiplied,
  cases: [
    { name: 'small factors', build: () => [mul(mul(x, c), d)], becomes: ['Mul(x, Mul(c, d))'] },
    {
      name: 'numbers and quotients',
      build: () => [binary('Div', mul(mul(scalar(2, 'float32'), x), scalar(3, 'float32')), c)],
      becomes: ['Mul(x, Div(6, c))'],
    },
    {
      name: 'a sum of products',
      build: () => [total(mul(mul(x, c), y))],
      becomes: ['Mul(MatMul(1[1, 20], Reshape(Mul(x, y), [20, 6])), Reshape(c, [1, 6]))'],
    },
    { name: 'large factors alone', build: () => [mul(mul(x, y), x)] },
    {
      name: 'a product that is needed itself',
      build: () => {
        const scaled = mul(x, c);
        return [scaled, mul(scaled, d)];
      },
    },
    {
      name: "numbers whose product may leave float32's range",
      build: () => [mul(mul(x, scalar(1e20, 'float32')), scalar(1e-20, 'float32'))],
    },
  ],
};

function multiplied(outputs: readonly Value[]): Rewrite {
  const users = usersOf(outputs);
  const kept = new Set(outputs.map(ownOutput));
  const only = (value: Value): GraphNode | undefined => {
    const [user, ...others] = users.get(value) ?? [];
    return others.length === 0 && !kept.has(value) ? user : undefined;
  };
  const known = new Map<Value, Product>();
  return (node, original) => {
    const total = totalOf(node, known);
    if (total) return total;
    const product = productOf(node, known);
    if (!product) return undefined;
    const [output] = node.outputs as [Value];
    const user = only(original);
    if (user && isProduct(user)) {
      known.set(output, product);
      return undefined;
    }
    const plan = product.plan(output.shape);
    const value = plan && plan.cost < product.cost ? plan.value : output;
    const sum = user && nodeOf(user.outputs[0]!, 'Reshape') && only(user.outputs[0]!);
    if (sum && nodeOf(sum.outputs[0]!, 'MatMul')) known.set(value, product);
    return value;
  };
}

function isProduct(node: GraphNode): boolean {
  const [output] = node.outputs as [Value];
  return output.dtype === 'float32' && nodeOf(output, 'Mul', 'Div', 'Neg') !== undefined;
}

function productOf(node: GraphNode, known: ReadonlyMap<Value, Product>): Product | undefined {
  if (!isProduct(node)) return undefined;
  const [output] = node.outputs as [Value];
  const [a, b] = node.inputs.map((input) => known.get(input!) ?? Product.of(input!));
  if (node.op === 'Neg') return a?.times(new Product(-1, [], []), output);
  return a && b && a.times(node.op === 'Div' ? b.inverse() : b, output);
}

/** A sum over leading axes, as the lowering writes it (a row of ones times a matrix), of a product with small factors. */
function totalOf(node: GraphNode, known: ReadonlyMap<Value, Product>): Value | undefined {
  const [output] = node.outputs as [Value];
  if (!nodeOf(output, 'MatMul')) return undefined;
  const [ones, matrix] = node.inputs as [Value, Value];
  const table = nodeOf(matrix, 'Reshape')?.inputs[0];
  const product = table && known.get(table);
  if (!product || ones.shape[0] !== 1 || ones.rank !== 2 || matrix.rank !== 2 || uniformValue(ones) !== 1)
    return undefined;
  const summed = table.shape.findIndex((_, axis) => sizeOf(table.shape.slice(0, axis)) === matrix.shape[0]);
  const [outside, inside] = product.split((value) => isConstantAlong(value, table.rank, axes(0, summed)));
  const factor = outside.plan([1, ...table.shape.slice(summed)]);
  const terms = inside.plan(table.shape);
  if (summed < 0 || outside.isOne || !factor || !terms) return undefined;
  const total = op('MatMul', [ones, reshape(terms.value, matrix.shape)], 'float32', output.shape);
  return binary('Mul', total, reshape(factor.value, output.shape));
}
