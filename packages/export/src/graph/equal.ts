import { type ConstantData, type GraphNode, ownOutput, type Value } from './value.js';

/** Whether the values are computed alike: by equal nodes from equal constants and identical inputs. */
export function equalGraphs(first: readonly Value[], second: readonly Value[]): boolean {
  if (first.length !== second.length) return false;
  const twins = new Map<Value, Value>();
  const queue = first.map((value, i) => [value, second[i]!] as const);
  for (let pair = queue.pop(); pair; pair = queue.pop()) {
    const [a, b] = [ownOutput(pair[0]), ownOutput(pair[1])];
    const twin = a === b ? a : twins.get(a);
    if (twin === b) continue;
    if (twin || a.dtype !== b.dtype || a.shape.join() !== b.shape.join()) return false;
    twins.set(a, b);
    if (a.source.kind === 'constant' && b.source.kind === 'constant') {
      if (!equalData(a.source.data(), b.source.data())) return false;
    } else if (a.source.kind === 'node' && b.source.kind === 'node') {
      const [node, other] = [a.source.node, b.source.node];
      if (a.source.index !== b.source.index || !equalNodes(node, other)) return false;
      for (const [i, input] of node.body?.inputs.entries() ?? []) twins.set(input, other.body!.inputs[i]!);
      for (const [i, output] of node.body?.outputs.entries() ?? []) queue.push([output, other.body!.outputs[i]!]);
      for (const [i, input] of node.inputs.entries()) if (input) queue.push([input, other.inputs[i]!]);
    } else return false;
  }
  return true;
}

/** Nodes of one kind, but for the values that they take. */
function equalNodes(a: GraphNode, b: GraphNode): boolean {
  return (
    a.op === b.op &&
    a.domain === b.domain &&
    JSON.stringify(a.attributes) === JSON.stringify(b.attributes) &&
    a.inputs.length === b.inputs.length &&
    a.inputs.every((input, i) => (input === undefined) === (b.inputs[i] === undefined)) &&
    a.body?.inputs.length === b.body?.inputs.length &&
    a.body?.outputs.length === b.body?.outputs.length
  );
}

function equalData(a: ConstantData, b: ConstantData): boolean {
  return a === b || (a.length === b.length && a.every((v: number | bigint, i: number) => Object.is(v, b[i])));
}
