import { NO_COPY_OUTPUT } from '@onnx-forge/infer';
import onnxProto, { type onnx } from 'onnx-proto';
import { bodiesAround } from '../graph/bodies.js';
import { ONNX_TYPE } from '../graph/build.js';
import {
  type AttributeValue,
  type Body,
  type ConstantData,
  type GraphNode,
  ownOutput,
  topologicalOrder,
  type Value,
} from '../graph/value.js';

/** The operator set of every graph written here. 18: reductions take their axes as an input, Split counts its outputs. */
export const OPSET = 18;
const IR_VERSION = 8;
/** Constants up to this size are shared when equal. */
const SHARED_SIZE = 64;

/** A dimension: fixed, or the name of a free one. */
export type Dimension = number | string;

export interface Port {
  readonly name: string;
  readonly value: Value;
  /** Dimensions to declare; the traced shape when absent. */
  readonly dims?: readonly Dimension[];
}

export interface GraphDescription {
  readonly name: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Adds infer's no-copy output in front: for graphs that are only ever run into pre-allocated arrays on the CPU. */
  readonly noCopy?: boolean;
}

/** Serialises what the outputs need as an ONNX model. */
export function encodeModel(graph: GraphDescription): Uint8Array {
  return onnxProto.onnx.ModelProto.encode(new ModelWriter(graph).model()).finish();
}

class ModelWriter {
  readonly #graph: GraphDescription;
  readonly #names = new Map<Value, string>();
  readonly #used = new Set<string>();
  readonly #written = new Set<GraphNode>();
  readonly #initializers: onnx.ITensorProto[] = [];
  readonly #shared = new Map<string, string>();
  readonly #domains = new Set<string>();

  constructor(graph: GraphDescription) {
    this.#graph = graph;
  }

  model(): onnx.ModelProto {
    const { name, inputs, outputs } = this.#graph;
    for (const port of [...inputs, ...outputs]) this.#used.add(port.name);
    for (const port of inputs) this.#names.set(port.value, port.name);
    // Outputs get their names directly, so that no Identity node is needed where one can do without.
    const identities: [string, Value][] = [];
    for (const port of outputs) {
      const value = ownOutput(port.value);
      if (value.source.kind === 'node' && !this.#names.has(value)) this.#names.set(value, port.name);
      else identities.push([port.name, value]);
    }
    const order = topologicalOrder(outputs.map(({ value }) => value));
    const nodes = this.#write(order, bodiesAround(order), new Set());
    for (const [output, value] of identities) {
      nodes.push({ opType: 'Identity', input: [this.#nameOf(value)], output: [output] });
    }
    const outputInfos = outputs.map(valueInfo);
    if (this.#graph.noCopy) {
      nodes.push({ opType: 'SequenceEmpty', output: [NO_COPY_OUTPUT] });
      outputInfos.unshift({
        name: NO_COPY_OUTPUT,
        type: { sequenceType: { elemType: { tensorType: { elemType: 1 } } } },
      });
    }
    const opsets = [{ domain: '', version: OPSET }, ...[...this.#domains].map((domain) => ({ domain, version: 1 }))];
    return onnxProto.onnx.ModelProto.fromObject({
      irVersion: IR_VERSION,
      producerName: 'onnx-forge',
      opsetImport: opsets,
      graph: {
        name,
        node: nodes,
        initializer: this.#initializers,
        input: inputs.map(valueInfo),
        output: outputInfos,
      },
    });
  }

  /** The nodes that stand in the bodies entered, and in no other; those that are written already aside. */
  #write(
    order: readonly GraphNode[],
    around: ReadonlyMap<GraphNode, ReadonlySet<Body>>,
    entered: ReadonlySet<Body>,
  ): onnx.INodeProto[] {
    const nodes: onnx.INodeProto[] = [];
    for (const [i, node] of order.entries()) {
      if (this.#written.has(node) || ![...around.get(node)!].every((body) => entered.has(body))) continue;
      this.#written.add(node);
      // A body's nodes come before the node that holds it.
      nodes.push(this.#node(node, node.body && this.#body(node.body, order.slice(0, i), around, entered)));
    }
    return nodes;
  }

  #body(
    body: Body,
    order: readonly GraphNode[],
    around: ReadonlyMap<GraphNode, ReadonlySet<Body>>,
    entered: ReadonlySet<Body>,
  ): onnx.IGraphProto {
    const input = body.inputs.map((value) => bodyPort(this.#define(value, 'step_input'), value));
    // An output has to be computed in the body itself, and to be one output only.
    const identities: [string, Value][] = [];
    const output = body.outputs.map((reference) => {
      const value = ownOutput(reference);
      const inside = value.source.kind === 'node' && around.get(value.source.node)!.has(body);
      if (inside && !this.#names.has(value)) return bodyPort(this.#define(value, 'step_output'), value);
      const name = this.#unique('step_output');
      identities.push([name, value]);
      return bodyPort(name, value);
    });
    const node = this.#write(order, around, new Set([...entered, body]));
    for (const [name, value] of identities) {
      node.push({ opType: 'Identity', input: [this.#nameOf(value)], output: [name] });
    }
    return { name: this.#unique('step'), node, input, output };
  }

  #node(node: GraphNode, body: onnx.IGraphProto | undefined): onnx.INodeProto {
    if (node.domain) this.#domains.add(node.domain);
    const attributes = Object.entries(node.attributes).map(([name, value]) => attribute(name, value));
    if (body) attributes.push({ name: 'body', type: onnxProto.onnx.AttributeProto.AttributeType.GRAPH, g: body });
    return {
      opType: node.op,
      domain: node.domain,
      input: node.inputs.map((value) => (value ? this.#nameOf(value) : '')),
      output: node.outputs.map((value, index) =>
        this.#define(value, node.outputs.length > 1 ? `${node.op}_${index}` : node.op),
      ),
      attribute: attributes,
    };
  }

  #nameOf(reference: Value): string {
    const value = ownOutput(reference);
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    if (value.source.kind !== 'constant')
      throw new Error(`${value.source.kind} value is not declared as a graph input`);
    const name = this.#initializer(value, value.source.data(), value.source.name);
    this.#names.set(value, name);
    return name;
  }

  #initializer(value: Value, data: ConstantData, wanted: string | undefined): string {
    const key = data.length <= SHARED_SIZE && !wanted ? `${value.dtype}[${value.shape}]${data.join()}` : undefined;
    const shared = key && this.#shared.get(key);
    if (shared) return shared;
    const name = this.#unique(wanted ?? 'constant');
    if (key) this.#shared.set(key, name);
    this.#initializers.push({
      name,
      dataType: ONNX_TYPE[value.dtype],
      dims: [...value.shape],
      rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    });
    return name;
  }

  #define(value: Value, hint: string): string {
    const name = this.#names.get(value) ?? this.#unique(hint);
    this.#names.set(value, name);
    return name;
  }

  #unique(hint: string): string {
    let name = hint;
    for (let n = 1; this.#used.has(name); n++) name = `${hint}_${n}`;
    this.#used.add(name);
    return name;
  }
}

function valueInfo({ name, value, dims }: Port): onnx.IValueInfoProto {
  const dim = (dims ?? value.shape).map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d }));
  return { name, type: { tensorType: { elemType: ONNX_TYPE[value.dtype], shape: { dim } } } };
}

/** Sizes are left to the values that the node gets, which may be free: each has a name of its own. */
function bodyPort(name: string, value: Value): onnx.IValueInfoProto {
  return valueInfo({ name, value, dims: value.shape.map((_, axis) => `${name}_${axis}`) });
}

function attribute(name: string, value: AttributeValue): onnx.IAttributeProto {
  const { AttributeType } = onnxProto.onnx.AttributeProto;
  if (typeof value === 'number') return { name, type: AttributeType.INT, i: value };
  if (typeof value === 'string') return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if ('float' in value) return { name, type: AttributeType.FLOAT, f: value.float };
  return { name, type: AttributeType.INTS, ints: [...value] };
}
