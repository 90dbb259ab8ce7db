import { isGraph } from './model/read-model.js';
import type { Graph, Node, OnnxModel } from './model/structure.js';
import type { ImportNote } from './report.js';
import { type FileWeight, isConstant, isMadeUp } from './weights.js';

/** All nodes, those of graphs within nodes too. */
export function allNodes(graph: Graph): Node[] {
  return graph.nodes.flatMap((node) => [node, ...[...node.attributes.values()].filter(isGraph).flatMap(allNodes)]);
}

/** Properties of a file that one should know before one trains it; merged weights are noted where they are split. */
export function notesOn({ graph }: OnnxModel, weights: readonly FileWeight[]): ImportNote[] {
  const nodes = allNodes(graph);
  const notes: ImportNote[] = [];
  const add = (kind: ImportNote['kind'], names: readonly string[], message: string): void => {
    if (names.length > 0) notes.push({ kind, names, message });
  };
  const named = (op: string): Node[] => nodes.filter((node) => node.op === op);
  const trains = (node: Node): boolean => node.attributes.get('training_mode') === 1;
  const names = (list: readonly Node[]): string[] => list.map(({ name }) => name);
  const frozen = named('BatchNormalization').filter((node) => !trains(node));
  add(
    'batch-norm',
    names(frozen),
    `${counted(frozen, 'batch normalisation')} with the file's running means and variances, which stay as they are: the file was exported for inference`,
  );
  const active = named('BatchNormalization').filter(trains);
  add('batch-norm', names(active), `${counted(active, 'batch normalisation')} with each batch's own mean and variance`);
  const dropouts = named('Dropout');
  add(
    'dropout',
    names(dropouts),
    `${counted(dropouts, 'dropout')}, active only where the file says so (training_mode) and the call is given random numbers`,
  );
  const constants = nodes.filter((node) => {
    const value = node.op === 'Constant' ? node.attributes.get('value') : undefined;
    return typeof value === 'object' && 'dtype' in value && value.dtype === 'float32' && value.size > 1;
  });
  add('constant', names(constants), `${counted(constants, 'Constant node')} of float numbers, which are never trained`);
  const lost = weights.filter((weight) => isMadeUp(weight.initializer.name) && !isConstant(weight));
  add(
    'lost-name',
    lost.map(({ initializer }) => initializer.name),
    `${counted(lost, 'weight')} with a name that the exporter made up: transposed, packed or folded`,
  );
  const other = weights.filter(({ initializer: { type } }) => ['FLOAT16', 'BFLOAT16', 'DOUBLE'].includes(type.name));
  const types = [...new Set(other.map(({ initializer }) => initializer.type.name))].join(', ');
  add(
    'precision',
    other.map(({ initializer }) => initializer.name),
    `${counted(other, 'weight')} of type ${types} in the file, float32 here`,
  );
  return notes;
}

const counted = ({ length }: readonly unknown[], noun: string): string => `${length} ${noun}${length === 1 ? '' : 's'}`;
