import { SignatureError, UnsupportedOperationError } from '../errors.js';
import type { Dimension } from '../onnx/writer.js';
import type { tf } from '../tfjs.js';
import type { ExportableFunction, InputType, Signature } from './exportable.js';
import { branchingFunction, isBranch, nodeName, type TopologyNode } from './graph-control.js';

/** An input or output as a saved model's signature tells it. */
interface PortEntry {
  /** Of the node, perhaps with `:` and the output's number. */
  readonly name?: string;
  readonly tensorShape?: {
    readonly dim?: readonly { readonly size?: string | number }[];
    readonly unknownRank?: boolean;
  };
  /** Of a table or another resource, which tfjs feeds itself. */
  readonly resourceId?: unknown;
}

interface SavedSignature {
  readonly inputs?: Readonly<Record<string, PortEntry>>;
  readonly outputs?: Readonly<Record<string, PortEntry>>;
}

export function isGraphModel(target: object): target is tf.GraphModel {
  return 'inputNodes' in target && 'executeAsync' in target;
}

/** A node as tfjs has parsed it. */
interface ParsedNode {
  readonly name: string;
  readonly op: string;
  /** Of tfjs's executors; undefined for an operation that tfjs does not know. */
  readonly category?: string;
  readonly inputs: readonly ParsedNode[];
}

/** Parts of a graph model that its declarations keep private. */
interface Internals {
  readonly executor: { readonly graph: { readonly nodes: Readonly<Record<string, ParsedNode>> } };
  readonly artifacts: tf.io.ModelArtifacts;
}

/** Why operations of tfjs's categories can't be part of a graph; tfjs runs them asynchronously. */
const REASONS: Readonly<Record<string, string>> = {
  dynamic: 'the shape of the result depends on values',
  control: 'loops, calls of functions, lists of tensors',
  hash_table: 'tables',
  unknown: 'unknown to tfjs',
};

/**
 * A graph model as a function of its inputs by name; the names are those of the model's signature.
 * @throws UnsupportedOperationError when it has operations that no ONNX graph can hold.
 */
export function graphFunction(model: tf.GraphModel): ExportableFunction {
  const names = outputNames(model);
  const { executor, artifacts } = model as unknown as Internals;
  const { inputs = {}, outputs = {} } = (model.modelSignature ?? {}) as SavedSignature;
  const targets = names.map((name) => outputs[name]?.name ?? name);
  const needed = upstream(
    targets.map((target) => {
      const { nodes } = executor.graph;
      const name = nodeName(target);
      if (Object.hasOwn(nodes, name)) return nodes[name]!;
      throw new SignatureError(`the graph model's signature names the output node '${name}', which it does not have`, {
        name,
      });
    }),
  );
  requireExportable(needed);
  if (needed.some(isBranch)) {
    const { node } = artifacts.modelTopology as { node: TopologyNode[] };
    const run = branchingFunction(artifacts, node, Object.fromEntries(names.map((name, i) => [name, targets[i]!])));
    const nodeOfInput = (name: string): string => nodeName(inputs[name]?.name ?? name);
    return (tensors) =>
      run(Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [nodeOfInput(name), tensor])));
  }
  return (tensors) => {
    const results = [model.execute({ ...tensors }, names)].flat();
    return Object.fromEntries(names.map((name, i) => [name, results[i]!]));
  };
}

/**
 * The inputs of a graph model. A size of -1 is free: axis 0 is `batch`, others are named after their input.
 * @throws SignatureError for an input without a shape.
 */
export function graphSignature(model: tf.GraphModel): Signature {
  const { inputs = {} } = (model.modelSignature ?? {}) as SavedSignature;
  const entries = model.inputs.map((port): [string, InputType] | undefined => {
    const [key, entry] = Object.entries(inputs).find(([, { name = '' }]) => nodeName(name) === port.name) ?? [
      port.name,
    ];
    if (entry?.resourceId !== undefined) return undefined;
    return [key, { shape: shapeOf(key, port.shape, entry), dtype: port.dtype as 'float32' }];
  });
  return { inputs: Object.fromEntries(entries.filter((entry) => entry !== undefined)) };
}

function outputNames(model: tf.GraphModel): string[] {
  const { outputs = {} } = (model.modelSignature ?? {}) as SavedSignature;
  const names = Object.keys(outputs);
  return names.length > 0 ? names : [...new Set(model.outputNodes)];
}

/** The node's and the signature's shape, one of which may leave open what the other one fixes. */
function shapeOf(name: string, own: readonly number[] | undefined, entry: PortEntry | undefined): Dimension[] {
  const told = entry?.tensorShape?.unknownRank ? undefined : entry?.tensorShape?.dim?.map(({ size }) => Number(size));
  const shape = own ?? told;
  if (!shape) {
    throw new SignatureError(`input ${name} of the graph model has no shape: export a function with a signature`, {
      input: name,
    });
  }
  return shape.map((n, axis) => {
    const size = n >= 0 ? n : (told?.[axis] ?? -1);
    return size >= 0 ? size : axis === 0 ? 'batch' : `${name}_${axis}`;
  });
}

/** The nodes that some nodes depend on, and themselves. */
function upstream(nodes: readonly ParsedNode[]): ParsedNode[] {
  const seen = new Set(nodes);
  for (const node of seen) for (const input of node.inputs) seen.add(input);
  return [...seen];
}

function requireExportable(nodes: readonly ParsedNode[]): void {
  const refused = nodes.filter((node) => REASONS[node.category ?? 'unknown'] !== undefined && !isBranch(node));
  if (refused.length === 0) return;
  const groups = Object.entries(REASONS).flatMap(([category, reason]) => {
    const operations = new Set(refused.filter((node) => (node.category ?? 'unknown') === category).map(({ op }) => op));
    return operations.size > 0 ? [{ reason, operations: [...operations].sort() }] : [];
  });
  throw new UnsupportedOperationError(groups);
}
