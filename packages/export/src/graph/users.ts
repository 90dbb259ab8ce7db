import { type GraphNode, neededBy, ownOutput, topologicalOrder, type Value } from './value.js';

/** The nodes that use each value, once for every use. */
export function usersOf(outputs: readonly Value[]): Map<Value, GraphNode[]> {
  const users = new Map<Value, GraphNode[]>();
  for (const node of topologicalOrder(outputs)) {
    for (const input of neededBy(node)) {
      if (!input) continue;
      const own = ownOutput(input);
      const known = users.get(own);
      if (known) known.push(node);
      else users.set(own, [node]);
    }
  }
  return users;
}
