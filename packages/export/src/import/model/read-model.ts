import onnxProto, { type onnx } from 'onnx-proto';
import { OnnxImportError } from './errors.js';
import { Known } from './known.js';
import type { AttributeValue, Graph, Initializer, Node, OnnxModel, Port } from './structure.js';
import { type ExternalBytes, elementType, locationOf, readTensor } from './tensor-data.js';

const { AttributeType } = onnxProto.onnx.AttributeProto;

/** Operator sets that are read: older ones have other attributes, newer ones are not known. */
const OPSETS = { oldest: 7, newest: 28 } as const;

/** Graphs within graphs: more of them no exporter writes, and they would exhaust the stack. */
const DEEPEST = 32;

/**
 * The content of an ONNX file.
 *
 * @param external bytes of the files beside it, by name
 * @param outputs those that are wanted; what only the others need is left out. Default: all
 * @throws OnnxImportError for damaged files, for what no tfjs tensor can hold, and for outputs that it has not
 */
export function readModel(bytes: Uint8Array, external: ExternalBytes, outputs?: readonly string[]): OnnxModel {
  const model = decoded(bytes);
  const sets = new Map(model.opsetImport.map(({ domain, version }) => [domain ?? '', Number(version)]));
  const opset = sets.get('') ?? sets.get('ai.onnx') ?? 0;
  if (!model.graph) throw new OnnxImportError('the file holds no graph: it is no ONNX model');
  if (model.functions?.length) {
    throw new OnnxImportError('the file has functions of its own: inline them first (onnx.inliner in Python)');
  }
  if (!(opset >= OPSETS.oldest && opset <= OPSETS.newest)) {
    const version = opset ? `is of opset ${opset}` : 'names no operator set';
    throw new OnnxImportError(`the file ${version}; ${OPSETS.oldest} to ${OPSETS.newest} can be read`, { opset });
  }
  const producer = `${model.producerName ?? ''} ${model.producerVersion ?? ''}`.trim();
  const domains = new Map([...sets].filter(([domain]) => domain !== '' && domain !== 'ai.onnx'));
  const wanted = outputs ? withOutputs(model.graph, outputs) : model.graph;
  const graph = readGraph(wanted, external, new Set(), 0);
  return { graph: outputs ? needed(graph) : graph, opset, producer, domains };
}

function withOutputs(graph: onnx.IGraphProto, outputs: readonly string[]): onnx.IGraphProto {
  const ports = new Map((graph.output ?? []).map((port) => [port.name ?? '', port]));
  const stranger = outputs.find((name) => !ports.has(name));
  if (stranger !== undefined || outputs.length === 0) {
    const what = stranger === undefined ? 'no output is wanted' : `there is no output '${stranger}'`;
    throw new OnnxImportError(`${what}: the outputs are ${[...ports.keys()].join(', ')}`, {
      outputs: [...ports.keys()],
    });
  }
  return { ...graph, output: outputs.map((name) => ports.get(name)!) };
}

/** The graph without what none of its outputs needs. */
function needed(graph: Graph): Graph {
  const read = new Set(graph.outputs.map(({ name }) => name));
  const nodes: Node[] = [];
  // Each node stands after those that it reads from.
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((name) => read.has(name))) continue;
    nodes.unshift(node);
    for (const name of readsOf(node)) read.add(name);
  }
  const initializers = new Map([...graph.initializers].filter(([name]) => read.has(name)));
  return { ...graph, nodes, initializers, inputs: graph.inputs.filter(({ name }) => read.has(name)) };
}

/**
 * Names of the files beside an ONNX file that hold its weights, each once.
 *
 * @throws OnnxImportError for damaged files
 */
export function externalFilesOf(bytes: Uint8Array): string[] {
  const { graph } = decoded(bytes);
  return [...new Set(graph ? tensorsIn(graph, 0).flatMap(locationOf) : [])];
}

function tensorsIn(graph: onnx.IGraphProto, depth: number): onnx.ITensorProto[] {
  if (depth > DEEPEST) return [];
  const attributes = (graph.node ?? []).flatMap(({ attribute }) => attribute ?? []);
  const within = attributes.flatMap(({ t, g }) => [...(t ? [t] : []), ...(g ? tensorsIn(g, depth + 1) : [])]);
  return [...(graph.initializer ?? []), ...within];
}

type DecodedModel = onnx.ModelProto & { readonly functions?: readonly unknown[] };

function decoded(bytes: Uint8Array): DecodedModel {
  if (!(bytes instanceof Uint8Array)) throw new OnnxImportError('an ONNX model is given as its bytes (a Uint8Array)');
  try {
    return onnxProto.onnx.ModelProto.decode(bytes) as DecodedModel;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new OnnxImportError(`the file is no ONNX model, or is cut short: ${reason}`, {}, { cause: error });
  }
}

function readGraph(graph: onnx.IGraphProto, external: ExternalBytes, outer: ReadonlySet<string>, depth: number): Graph {
  if (depth > DEEPEST) throw new OnnxImportError(`graphs lie in each other more than ${DEEPEST} deep`);
  if (graph.sparseInitializer?.length) throw new OnnxImportError('the file has sparse weights, which are not read');
  const initializers = new Map<string, Initializer>();
  for (const tensor of graph.initializer ?? []) {
    const name = tensor.name ?? '';
    if (initializers.has(name)) throw new OnnxImportError(`weight '${name}' is there twice`);
    initializers.set(name, readTensor(tensor, name, external));
  }
  // Up to IR version 3 weights are listed as inputs too.
  const inputs = (graph.input ?? [])
    .filter(({ name }) => !initializers.has(name ?? ''))
    .map((port) => readPort(port, 'input'));
  const known = new Set([...outer, ...initializers.keys(), ...inputs.map(({ name }) => name)]);
  const read = (graph.node ?? []).map((node, i) => readNode(node, i, external, depth));
  const visible = new Set([...known, ...read.flatMap(({ outputs }) => outputs)]);
  const nodes = read.map((node) => withGraphs(node, external, visible, depth));
  const ordered = inOrder(nodes, known);
  const outputs = (graph.output ?? []).map((port) => readPort(port, 'output'));
  for (const { name } of outputs) {
    if (!visible.has(name)) throw new OnnxImportError(`output '${name}' is computed by no node: the file is damaged`);
  }
  return { name: graph.name ?? '', inputs, outputs, initializers, nodes: ordered };
}

function readPort({ name, type }: onnx.IValueInfoProto, what: string): Port {
  const tensor = type?.tensorType;
  if (type && !tensor) throw new OnnxImportError(`${what} '${name}' is a sequence, map or optional, not a tensor`);
  return {
    name: name ?? '',
    type: tensor?.elemType ? elementType(tensor.elemType, `${what} '${name}'`) : { name: 'FLOAT', tfjs: 'float32' },
    shape: tensor?.shape ? (tensor.shape.dim ?? []).map((dim) => readDimension(dim, `${what} '${name}'`)) : undefined,
  };
}

function readDimension(dimension: onnx.TensorShapeProto.IDimension, what: string): number | string | undefined {
  if (dimension.dimParam) return dimension.dimParam;
  if (!Object.hasOwn(dimension, 'dimValue')) return undefined;
  const size = Number(dimension.dimValue);
  if (Number.isSafeInteger(size) && size >= 0) return size;
  throw new OnnxImportError(
    `${what} has a size of ${size}: the file is damaged, or means a free size, which is a name`,
  );
}

/** A node whose graphs are still to be read: they see the names of the whole graph around them. */
interface Unfinished extends Omit<Node, 'attributes'> {
  readonly attributes: Map<string, AttributeValue>;
  readonly graphs: ReadonlyMap<string, onnx.IGraphProto>;
}

function readNode(node: onnx.INodeProto, index: number, external: ExternalBytes, depth: number): Unfinished {
  const op = node.opType ?? '';
  const name = node.name || `${op}_${index}${depth > 0 ? ` (in a graph within a node)` : ''}`;
  if (op === '') throw new OnnxImportError(`node '${name}' has no operator`);
  const attributes = new Map<string, AttributeValue>();
  const graphs = new Map<string, onnx.IGraphProto>();
  for (const attribute of node.attribute ?? []) {
    const key = attribute.name ?? '';
    if (attributes.has(key) || graphs.has(key))
      throw new OnnxImportError(`${op} '${name}' has attribute '${key}' twice`);
    if (attribute.type === AttributeType.GRAPH && attribute.g) graphs.set(key, attribute.g);
    else attributes.set(key, readAttribute(attribute, `${op} '${name}'`, external));
  }
  const domain = node.domain === 'ai.onnx' ? '' : (node.domain ?? '');
  const ofType = (type: number) =>
    (node.attribute ?? []).flatMap((each) => (each.type === type ? [each.name ?? ''] : []));
  const floats = new Set(ofType(AttributeType.FLOAT));
  return { name, op, domain, inputs: node.input ?? [], outputs: node.output ?? [], attributes, floats, graphs };
}

function readAttribute(attribute: onnx.IAttributeProto, what: string, external: ExternalBytes): AttributeValue {
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  switch (attribute.type) {
    case AttributeType.INT:
      return Number(attribute.i);
    case AttributeType.FLOAT:
      return attribute.f ?? 0;
    case AttributeType.STRING:
      return text(attribute.s ?? new Uint8Array());
    case AttributeType.INTS:
      return (attribute.ints ?? []).map(Number);
    case AttributeType.FLOATS:
      return attribute.floats ?? [];
    case AttributeType.STRINGS:
      return (attribute.strings ?? []).map(text);
    case AttributeType.TENSOR: {
      const { type, shape, data } = readTensor(attribute.t ?? {}, attribute.name ?? '', external);
      return new Known(type.tfjs, shape, data(), type);
    }
    default:
      throw new OnnxImportError(`attribute '${attribute.name}' of ${what} is of a type that is not read`);
  }
}

function withGraphs(node: Unfinished, external: ExternalBytes, visible: ReadonlySet<string>, depth: number): Node {
  const { graphs, attributes, ...rest } = node;
  for (const [key, graph] of graphs) attributes.set(key, readGraph(graph, external, visible, depth + 1));
  return { ...rest, attributes };
}

/** Names that a node reads, those that its graphs read from around them too. */
function readsOf({ inputs, attributes }: Node): string[] {
  const graphs = [...attributes.values()].filter((value): value is Graph => isGraph(value));
  return [...inputs.filter((name) => name !== ''), ...graphs.flatMap(outerReads)];
}

function outerReads(graph: Graph): string[] {
  const own = new Set([
    ...graph.initializers.keys(),
    ...graph.inputs.map(({ name }) => name),
    ...graph.nodes.flatMap(({ outputs }) => outputs),
  ]);
  const read = [...graph.nodes.flatMap(readsOf), ...graph.outputs.map(({ name }) => name)];
  return read.filter((name) => !own.has(name));
}

export function isGraph(value: AttributeValue | undefined): value is Graph {
  return typeof value === 'object' && 'nodes' in value;
}

/** Every node after those that it reads from. @throws OnnxImportError for names that nothing gives, and for circles */
function inOrder(nodes: readonly Node[], given: ReadonlySet<string>): Node[] {
  const giver = new Map<string, Node>();
  for (const node of nodes) {
    for (const output of node.outputs) {
      if (output === '') continue;
      if (giver.has(output) || given.has(output)) throw new OnnxImportError(`value '${output}' is given twice`);
      giver.set(output, node);
    }
  }
  const waits = new Map<Node, number>();
  const readers = new Map<Node, Node[]>();
  for (const node of nodes) {
    const before = new Set<Node>();
    for (const name of readsOf(node)) {
      const source = giver.get(name);
      if (source) before.add(source);
      else if (!given.has(name)) {
        throw new OnnxImportError(
          `${node.op} '${node.name}' reads '${name}', which nothing gives: the file is damaged`,
        );
      }
    }
    waits.set(node, before.size);
    for (const source of before) readers.set(source, [...(readers.get(source) ?? []), node]);
  }
  const ready = nodes.filter((node) => waits.get(node) === 0);
  for (let next = 0; next < ready.length; next++) {
    for (const reader of readers.get(ready[next]!) ?? []) {
      const left = waits.get(reader)! - 1;
      waits.set(reader, left);
      if (left === 0) ready.push(reader);
    }
  }
  const stuck = nodes.find((node) => waits.get(node)! > 0);
  if (stuck) throw new OnnxImportError(`${stuck.op} '${stuck.name}' waits for its own result: the graph has a circle`);
  return ready;
}
