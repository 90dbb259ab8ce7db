import { layoutOf, type MatrixLayout, readersOf } from './matrices.js';
import { OnnxImportError } from './model/errors.js';
import type { Graph, Initializer, Node, OnnxModel, Port } from './model/structure.js';

/** The last linear layer of a model. */
export interface ImportedHead {
  /** Names of its weights. */
  readonly weight: string;
  readonly bias?: string;
  /** The value that it takes, [batch, inputs], and the one that it gives, before any softmax or sigmoid: [batch, classes]. */
  readonly features: string;
  readonly logits: string;
  readonly inputs: number;
  readonly classes: number;
  /** The activation that follows it, such as Softmax. */
  readonly activation?: string;
}

/** Operators that may follow the last layer: they take each of its numbers by itself, or each row. */
const ACTIVATIONS: readonly string[] = ['Softmax', 'LogSoftmax', 'Sigmoid'];
const PASSING: readonly string[] = ['Identity', 'Dropout'];
/** Types of Cast that leave floats what they are here. */
const FLOATS: readonly unknown[] = [1, 10, 11, 16];

/** Whether the node gives the numbers that it takes. */
const passes = ({ op, attributes }: Node): boolean =>
  PASSING.includes(op) || (op === 'Cast' && FLOATS.includes(attributes.get('to')));

/** The last linear layer before an output; undefined where something else stands there. */
export function headOf({ graph }: OnnxModel, output: string = graph.outputs[0]?.name ?? ''): ImportedHead | undefined {
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  let logits = output;
  let activation: string | undefined;
  let node = makers.get(logits);
  while (node && (passes(node) || (ACTIVATIONS.includes(node.op) && activation === undefined))) {
    if (ACTIVATIONS.includes(node.op)) activation = node.op;
    logits = node.inputs[0]!;
    node = makers.get(logits);
  }
  const added = node?.op === 'Add' ? addedBias(node, graph) : undefined;
  let linear = added ? makers.get(added.sum) : node;
  while (linear && passes(linear)) linear = makers.get(linear.inputs[0]!);
  if (!linear || !(linear.op === 'Gemm' || linear.op === 'MatMul')) return undefined;
  const weight = matrixOf(linear, graph, makers);
  const bias = added?.bias ?? (linear.op === 'Gemm' ? linear.inputs[2] : undefined);
  if (!weight || linear.attributes.get('transA') === 1) return undefined;
  if (bias && !graph.initializers.has(bias)) return undefined;
  const [rows, columns] = weight.initializer.shape as [number, number];
  const [inputs, classes] = weight.layout === 'in-out' ? [rows, columns] : [columns, rows];
  return {
    ...{ weight: weight.initializer.name, features: linear.inputs[0]!, logits, inputs, classes },
    ...(bias && { bias }),
    ...(activation && { activation }),
  };
}

/** The vector that a node adds to the value that it names; scikit-learn's is a row, [1, n]. */
function addedBias({ inputs }: Node, { initializers }: Graph): { sum: string; bias: string } | undefined {
  const [a, b] = inputs as [string, string];
  const isVector = (name: string): boolean => {
    const shape = initializers.get(name)?.shape;
    return shape?.length === 1 || (shape?.length === 2 && shape[0] === 1);
  };
  if (isVector(b)) return { sum: a, bias: b };
  return isVector(a) ? { sum: b, bias: a } : undefined;
}

function matrixOf(
  { inputs }: Node,
  graph: Graph,
  makers: ReadonlyMap<string, Node>,
): { initializer: Initializer; layout: MatrixLayout } | undefined {
  const maker = makers.get(inputs[1]!);
  const name = maker?.op === 'Transpose' ? maker.inputs[0]! : inputs[1]!;
  const initializer = graph.initializers.get(name);
  const layout = initializer && layoutOf(initializer, readersOf(graph));
  return initializer && layout && { initializer, layout };
}

/**
 * The model with a new last layer of other classes.
 *
 * @param uniform a number in [0, 1), drawn for each new weight: they are uniform in +- 1 / sqrt(inputs), PyTorch's Linear; biases are 0
 * @throws OnnxImportError for a model that ends in something else, or whose last layer is used elsewhere too
 */
export function withHead(model: OnnxModel, classes: number, uniform: () => number): OnnxModel {
  const { graph } = model;
  const head = headOf(model);
  const output = graph.outputs[0]?.name;
  if (!head) {
    throw new OnnxImportError(
      `output '${output}' is not computed by a last Gemm or MatMul with a weight of the file: its head can't be replaced`,
    );
  }
  if (!(Number.isSafeInteger(classes) && classes >= 1)) {
    throw new OnnxImportError(`a head has a whole number of classes of at least 1, not ${classes}`);
  }
  const readers = readersOf(graph);
  const shared = [head.weight, head.bias ?? ''].find((name) => (readers.get(name)?.length ?? 0) > 1);
  if (shared) {
    throw new OnnxImportError(
      `'${shared}', a weight of the last layer, is read by other nodes too: import with it as it is`,
    );
  }
  const bound = 1 / Math.sqrt(head.inputs);
  const old = graph.initializers.get(head.weight)!;
  const shape =
    old.shape[0] === head.inputs && layoutOf(old, readers) === 'in-out'
      ? [head.inputs, classes]
      : [classes, head.inputs];
  const numbers = Float32Array.from({ length: head.inputs * classes }, () => bound * (2 * uniform() - 1));
  const initializers = new Map(graph.initializers);
  const type = { name: 'FLOAT', tfjs: 'float32' } as const;
  initializers.set(head.weight, { name: head.weight, type, shape, data: () => numbers });
  if (head.bias) {
    const bias = [...graph.initializers.get(head.bias)!.shape.slice(0, -1), classes];
    initializers.set(head.bias, { name: head.bias, type, shape: bias, data: () => new Float32Array(classes) });
  }
  const outputs = graph.outputs.map((port, i): Port => {
    return i === 0 && port.shape ? { ...port, shape: [...port.shape.slice(0, -1), classes] } : port;
  });
  return { ...model, graph: { ...graph, initializers, outputs } };
}
