import { PbfReader } from 'pbf';

/** Nodes and weights of an ONNX file. */
export interface OnnxFacts {
  readonly nodes: number;
  /** How often each operator stands in it, the commonest first. */
  readonly operators: readonly (readonly [operator: string, count: number])[];
  /** Tensors that are kept in the file, and the numbers in them. */
  readonly weights: number;
  readonly parameters: number;
}

interface Counts {
  readonly operators: Map<string, number>;
  nodes: number;
  weights: number;
  parameters: number;
}

/**
 * Counts nodes and weights of an ONNX file, those of inner graphs (loops) too. Numbers of the fields: onnx.proto of ONNX.
 *
 * @throws Error when it is no protobuf
 */
export function onnxFacts(bytes: Uint8Array): OnnxFacts {
  const counts: Counts = { operators: new Map(), nodes: 0, weights: 0, parameters: 0 };
  new PbfReader(bytes).readFields((tag, _, pbf) => {
    if (tag === MODEL_GRAPH) pbf.readMessage(readGraph, counts);
  }, counts);
  const { operators, ...others } = counts;
  return { ...others, operators: [...operators].sort((one, other) => other[1] - one[1]) };
}

const MODEL_GRAPH = 7;
const [GRAPH_NODE, GRAPH_INITIALIZER] = [1, 5];
const [NODE_OPERATOR, NODE_ATTRIBUTE] = [4, 5];
const ATTRIBUTE_GRAPH = 6;
const TENSOR_DIMS = 1;

function readGraph(tag: number, counts: Counts, pbf: PbfReader): void {
  if (tag === GRAPH_NODE) {
    counts.nodes++;
    pbf.readMessage(readNode, counts);
  } else if (tag === GRAPH_INITIALIZER) {
    const dims: number[] = [];
    pbf.readMessage(readTensor, dims);
    counts.weights++;
    counts.parameters += dims.reduce((product, dim) => product * dim, 1);
  }
}

function readNode(tag: number, counts: Counts, pbf: PbfReader): void {
  if (tag === NODE_OPERATOR) {
    const operator = pbf.readString();
    counts.operators.set(operator, (counts.operators.get(operator) ?? 0) + 1);
  } else if (tag === NODE_ATTRIBUTE) pbf.readMessage(readAttribute, counts);
}

function readAttribute(tag: number, counts: Counts, pbf: PbfReader): void {
  if (tag === ATTRIBUTE_GRAPH) pbf.readMessage(readGraph, counts);
}

function readTensor(tag: number, dims: number[], pbf: PbfReader): void {
  if (tag === TENSOR_DIMS) pbf.readPackedVarint(dims, true);
}
