import { NO_COPY_OUTPUT, VERSION } from '@onnx-forge/infer';
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
import { checkModel } from './check.js';
import type { ExternalData, ExternalDataOptions } from './external.js';
import { moveOut } from './move-out.js';
import { UniqueNames } from './names.js';

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
  /** The parts of the model that nodes belong to, which begin their names. */
  readonly scopes?: ReadonlyMap<GraphNode, string>;
  /** The model's provenance, by key. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Adds infer's no-copy output in front: for graphs that are only ever run into pre-allocated arrays on the CPU. */
  readonly noCopy?: boolean;
}

/** A model's file, and files beside it that hold its weights. */
export interface WrittenModel {
  readonly bytes: Uint8Array;
  readonly externalData: ExternalData;
}

/** Serialises what the outputs need as an ONNX model, for this process: nothing is checked, all weights are inside. */
export function encodeModel(graph: GraphDescription): Uint8Array {
  return encode(new ModelWriter(graph).model());
}

/**
 * Writes what the outputs need as an ONNX file, and checks it.
 *
 * @throws InvalidModelError
 */
export function writeModel(graph: GraphDescription, external: ExternalDataOptions = {}): WrittenModel {
  const model = new ModelWriter(graph).model();
  const externalData = moveOut(model.graph!.initializer!, external);
  const bytes = encode(model);
  checkModel(bytes, externalData);
  return { bytes, externalData };
}

function encode(model: onnx.IModelProto): Uint8Array {
  return onnxProto.onnx.ModelProto.encode(model).finish();
}

class ModelWriter {
  readonly #graph: GraphDescription;
  readonly #names = new Map<Value, string>();
  readonly #unique: UniqueNames;
  readonly #nodeNames = new UniqueNames();
  readonly #written = new Set<GraphNode>();
  readonly #initializers: onnx.ITensorProto[] = [];
  readonly #shared = new Map<string, string>();
  readonly #domains = new Set<string>();

  constructor(graph: GraphDescription) {
    this.#graph = graph;
    this.#unique = new UniqueNames([...graph.inputs, ...graph.outputs].map(({ name }) => name));
    if (graph.noCopy) this.#unique.of(NO_COPY_OUTPUT);
  }

  model(): onnx.ModelProto {
    const { name, inputs, outputs, metadata = {} } = this.#graph;
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
      nodes.push(this.#identity(value, output));
    }
    const outputInfos = outputs.map(valueInfo);
    if (this.#graph.noCopy) {
      nodes.push({
        name: this.#nodeNames.of('SequenceEmpty'),
        opType: 'SequenceEmpty',
        output: [NO_COPY_OUTPUT],
      });
      outputInfos.unshift({
        name: NO_COPY_OUTPUT,
        type: { sequenceType: { elemType: { tensorType: { elemType: 1 } } } },
      });
    }
    const opsets = [{ domain: '', version: OPSET }, ...[...this.#domains].map((domain) => ({ domain, version: 1 }))];
    return onnxProto.onnx.ModelProto.fromObject({
      irVersion: IR_VERSION,
      producerName: 'onnx-forge',
      producerVersion: VERSION,
      metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      opsetImport: opsets,
      graph: {
        name,
        docString: `${describePorts(inputs)} -> ${describePorts(outputs)}`,
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
      const name = this.#unique.of('step_output');
      identities.push([name, value]);
      return bodyPort(name, value);
    });
    const node = this.#write(order, around, new Set([...entered, body]));
    for (const [name, value] of identities) {
      node.push(this.#identity(value, name));
    }
    return { name: this.#unique.of('step'), node, input, output };
  }

  #node(node: GraphNode, body: onnx.IGraphProto | undefined): onnx.INodeProto {
    if (node.domain) this.#domains.add(node.domain);
    const scope = this.#graph.scopes?.get(node);
    const name = this.#nodeNames.of(scope === undefined || scope === node.op ? node.op : `${scope}/${node.op}`);
    const attributes = Object.entries(node.attributes).map(([key, value]) => attribute(key, value));
    if (body) attributes.push({ name: 'body', type: onnxProto.onnx.AttributeProto.AttributeType.GRAPH, g: body });
    return {
      name,
      opType: node.op,
      domain: node.domain,
      input: node.inputs.map((value) => (value ? this.#nameOf(value) : '')),
      output: node.outputs.map((value, index) =>
        this.#define(value, node.outputs.length > 1 ? `${name}_${index}` : name),
      ),
      attribute: attributes,
    };
  }

  #identity(value: Value, output: string): onnx.INodeProto {
    const name = this.#nodeNames.of('Identity');
    return { name, opType: 'Identity', input: [this.#nameOf(value)], output: [output] };
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
    const name = this.#unique.of(wanted ?? 'constant');
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
    const name = this.#names.get(value) ?? this.#unique.of(hint);
    this.#names.set(value, name);
    return name;
  }
}

/** A signature in words: `x float32[batch, 4], mask bool[4]`. */
function describePorts(ports: readonly Port[]): string {
  return ports.map(({ name, value, dims }) => `${name} ${value.dtype}[${(dims ?? value.shape).join(', ')}]`).join(', ');
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
