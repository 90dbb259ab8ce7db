import type { Graph, Initializer, Node } from './model/structure.js';

/** How the rows and columns of a weight are laid: a product takes its input from the rows (`in-out`) or from the columns (`out-in`). */
export type MatrixLayout = 'in-out' | 'out-in';

/** A place where a value is read. */
export interface Place {
  readonly node: Node;
  readonly input: number;
}

/** All places of a graph where values are read, by the values' names; without those of graphs within nodes. */
export function readersOf({ nodes }: Pick<Graph, 'nodes'>): ReadonlyMap<string, readonly Place[]> {
  const readers = new Map<string, Place[]>();
  for (const node of nodes) {
    for (const [input, name] of node.inputs.entries()) {
      if (name !== '') readers.set(name, [...(readers.get(name) ?? []), { node, input }]);
    }
  }
  return readers;
}

/**
 * The layout of a weight that is the matrix of a linear map: the second operand of MatMul or Gemm, perhaps by way of a transposition, or
 * the kernel of a convolution of 1 x 1. Undefined for others, and where readers take it in different ways.
 */
export function layoutOf(
  { name, shape }: Pick<Initializer, 'name' | 'shape'>,
  readers: ReadonlyMap<string, readonly Place[]>,
): MatrixLayout | undefined {
  const layouts = new Set((readers.get(name) ?? []).map((place) => layoutAt(place, shape, readers)));
  return layouts.size === 1 ? [...layouts][0] : undefined;
}

function layoutAt(
  { node, input }: Place,
  shape: readonly number[],
  readers: ReadonlyMap<string, readonly Place[]>,
): MatrixLayout | undefined {
  if (node.op === 'Conv' && input === 1) {
    const points = shape.length > 2 && shape.slice(2).every((n) => n === 1);
    return points && (node.attributes.get('group') ?? 1) === 1 ? 'out-in' : undefined;
  }
  if (shape.length !== 2) return undefined;
  if (node.op === 'MatMul' && input === 1) return 'in-out';
  if (node.op === 'Gemm' && input === 1) return node.attributes.get('transB') === 1 ? 'out-in' : 'in-out';
  if (node.op !== 'Transpose') return undefined;
  const layouts = new Set((readers.get(node.outputs[0]!) ?? []).map((place) => layoutAt(place, shape, readers)));
  const [layout] = layouts;
  if (layouts.size !== 1 || layout === undefined) return undefined;
  return layout === 'in-out' ? 'out-in' : 'in-out';
}
