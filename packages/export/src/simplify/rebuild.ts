import { type GraphNode, ownOutput, topologicalOrder, type Value } from '../graph/value.js';
import { Distinct } from './distinct.js';

/**
 * The value to take in place of a node's; undefined leaves it. The node has its new inputs already; `original` is the value
 * as it was. Asked for nodes with one output.
 */
export type Rewrite = (node: GraphNode, original: Value) => Value | undefined;

/**
 * Builds again what the outputs need, every node after its inputs, each as `rewrite` wants it. Equal nodes become one; a
 * value that no node computes stays the same object.
 */
export function rebuild(
  outputs: readonly Value[],
  rewrite: Rewrite = () => undefined,
  distinct: Distinct = new Distinct(),
): Value[] {
  /** Of outputs that have become others. */
  const copies = new Map<Value, Value>();
  const copyOf = (value: Value): Value => {
    const own = ownOutput(value);
    return own.source.kind === 'node' ? (copies.get(own) ?? own) : distinct.constant(own);
  };
  for (const node of topologicalOrder(outputs)) {
    const copy = distinct.node(
      node,
      node.inputs.map((input) => input && copyOf(input)),
      node.body && { inputs: node.body.inputs, outputs: node.body.outputs.map(copyOf) },
    );
    const [only, ...others] = node.outputs;
    const replaced = only && others.length === 0 ? rewrite(copy, only) : undefined;
    if (replaced) copies.set(only!, replaced);
    else if (copy !== node) for (const [i, output] of node.outputs.entries()) copies.set(output, copy.outputs[i]!);
  }
  return outputs.map(copyOf);
}
