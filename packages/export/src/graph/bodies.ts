import { type Body, type GraphNode, neededBy, ownOutput, type Value } from './value.js';

/**
 * The bodies around each node: those whose inputs it depends on. A node that depends on none stands outside of all, even
 * if only a body uses it, and so runs once.
 * @param order nodes in topological order
 */
export function bodiesAround(order: readonly GraphNode[]): Map<GraphNode, ReadonlySet<Body>> {
  const values = new Map<Value, ReadonlySet<Body>>();
  for (const { body } of order) for (const input of body?.inputs ?? []) values.set(input, new Set([body!]));
  const nodes = new Map<GraphNode, ReadonlySet<Body>>();
  for (const node of order) {
    const bodies = new Set<Body>();
    for (const value of neededBy(node)) {
      for (const body of (value && values.get(ownOutput(value))) ?? []) if (body !== node.body) bodies.add(body);
    }
    nodes.set(node, bodies);
    for (const output of node.outputs) values.set(output, bodies);
  }
  return nodes;
}
