import { binary, scalar, unary } from './build.js';
import { neededBy, nodeOf, ownOutput, topologicalOrder, type Value } from './value.js';

/** Operators whose result can be as small as an input: products, adding an epsilon, clipping, and what only moves numbers. */
const CARRIES = ['Abs', 'Add', 'Cast', 'Clip', 'Concat', 'Expand', 'Gather', 'Max', 'Min', 'Mul', 'Neg'].concat([
  'Reshape',
  'Slice',
  'Sqrt',
  'Squeeze',
  'Transpose',
  'Unsqueeze',
  'Where',
]);

/**
 * Makes sigmoids whose logarithm is taken, or that something is divided by, 1 / (1 + exp(-x)): onnxruntime's own Sigmoid is
 * right to 6e-8, which is nothing in a sum, but it is 0 below -18 and off by a tenth at -15. Other graphs stay as they are.
 */
export function exactSigmoids(outputs: readonly Value[]): void {
  const order = topologicalOrder(outputs);
  const exact = new Map<Value, Value>();
  for (const sigmoid of sensitive(
    order.flatMap(({ domain, op, inputs }) => (domain === '' ? divisor(op, inputs) : [])),
  )) {
    const [x] = nodeOf(sigmoid, 'Sigmoid')!.inputs as [Value];
    exact.set(sigmoid, unary('Reciprocal', binary('Add', scalar(1, 'float32'), unary('Exp', unary('Neg', x)))));
  }
  if (exact.size === 0) return;
  const used = [...outputs, ...order.flatMap((node) => [...neededBy(node), ...node.outputs])];
  const replaced = used.flatMap((value) => {
    const other = value && exact.get(ownOutput(value));
    return other ? [[value, other] as const] : [];
  });
  for (const [value, other] of replaced) value.source = other.source;
}

function divisor(op: string, [first, second]: readonly (Value | undefined)[]): Value[] {
  if (op === 'Log' || op === 'Reciprocal' || op === 'Pow') return [first!];
  return op === 'Div' ? [second!] : [];
}

/** The sigmoids that these values are made of. */
function sensitive(values: readonly Value[]): ReadonlySet<Value> {
  const found = new Set<Value>();
  const seen = new Set<Value>();
  const pending = [...values];
  for (let value = pending.pop(); value; value = pending.pop()) {
    const own = ownOutput(value);
    if (seen.has(own)) continue;
    seen.add(own);
    if (own.dtype === 'float32' && nodeOf(own, 'Sigmoid')) found.add(own);
    for (const input of nodeOf(own, ...CARRIES)?.inputs ?? []) if (input) pending.push(input);
  }
  return found;
}
