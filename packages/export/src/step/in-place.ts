import { usersOf } from '../graph/users.js';
import { type GraphNode, ownOutput, topologicalOrder, type Value } from '../graph/value.js';

/** A variable's value when a step begins, and the one that the step gives it. */
export interface Update {
  readonly before: Value;
  readonly after: Value;
}

const ELEMENTWISE = new Set(['Add', 'Sub', 'Mul', 'Div', 'Neg', 'Sqrt', 'Abs', 'Max', 'Min']);

/**
 * The updates that may write the new value over the old one: those of moments and running averages, whose old value only
 * elementwise operators read, all of which the new value waits for. A weight's is none of them: gradients read weights
 * too, and nothing says when.
 *
 * @param outputs all that the step computes
 */
export function inPlace<T extends Update>(updates: readonly T[], outputs: readonly Value[]): T[] {
  const users = usersOf(outputs);
  const given = new Set(outputs.map(ownOutput));
  return updates.filter(({ before, after }) => {
    // An output that is the old value itself is copied, and nothing says when either.
    if (given.has(before)) return false;
    const readers = users.get(before) ?? [];
    return readers.every((reader) => isElementwise(reader, before)) && waitsFor(after, readers);
  });
}

function isElementwise({ op, domain, outputs: [output] }: GraphNode, like: Value): boolean {
  return domain === '' && ELEMENTWISE.has(op) && output!.shape.join() === like.shape.join();
}

/** Whether the value's node comes after all of these. */
function waitsFor(value: Value, nodes: readonly GraphNode[]): boolean {
  const { source } = ownOutput(value);
  if (source.kind !== 'node') return false;
  const before = new Set(topologicalOrder([value]));
  before.delete(source.node);
  return nodes.every((node) => before.has(node));
}
